//! Where the browser goes, or what its script is told.

use axum::response::{IntoResponse, Response};
use http::header::{
    ACCEPT, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_MAX_AGE, LOCATION, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use leadgate_core::forms::Form;
use serde::Serialize;
use url::Url;

use super::Taken;
use crate::answers;
use crate::edge::Kept;
use crate::error::ApiError;

/// Who asks, as far as the answer depends on it.
pub(super) struct Asker {
    /// A page is wanted and not JSON: the browser itself posts.
    wants_page: bool,
    origin: Option<HeaderValue>,
}

/// Where to go instead of reading the error, as an extension of its response.
#[derive(Clone, Debug)]
pub(crate) struct Elsewhere(pub(crate) HeaderValue);

/// The answer when all is well; nothing in it depends on what the CRM has.
#[derive(Serialize)]
struct Success {
    success: bool,
}

impl Asker {
    /// A browser that posts a form itself asks for `text/html`; scripts do not.
    pub(super) fn of(headers: &HeaderMap) -> Asker {
        let mut accepted = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        Asker { wants_page: accepted.any(|accept| accept.contains("text/html")), origin: headers.get(ORIGIN).cloned() }
    }

    fn redirected(&self, page: Option<&Url>) -> Option<HeaderValue> {
        // An address that was read as one is written in visible ASCII.
        page.filter(|_| self.wants_page).and_then(|page| HeaderValue::from_str(page.as_str()).ok())
    }
}

/// The answer to a post.
pub(super) fn to_post(form: &Form, asker: &Asker, taken: Result<Taken, ApiError>) -> Response {
    let mut response = match taken {
        Ok(taken) => to_taken(form, asker, &taken),
        Err(error) => to_refused(form, asker, error),
    };
    add_origin(form, asker.origin.as_ref(), response.headers_mut());
    response
}

fn to_taken(form: &Form, asker: &Asker, taken: &Taken) -> Response {
    let mut response = match asker.redirected(form.redirect.as_ref()) {
        Some(page) => (StatusCode::SEE_OTHER, [(LOCATION, page)]).into_response(),
        None => answers::json(StatusCode::ACCEPTED, &Success { success: true }),
    };
    if let Taken::Kept(submission) | Taken::Repeat(submission) = *taken {
        response.extensions_mut().insert(Kept { submission, deferred: false });
    }
    response
}

/// `edge` writes the words of an error; here it is only said where the browser should go instead.
fn to_refused(form: &Form, asker: &Asker, error: ApiError) -> Response {
    let page = form.error_redirect.clone().map(|mut page| {
        let mut query = page.query_pairs_mut();
        query.append_pair("error", error.kind().0);
        if let Some(problem) = error.fields().first() {
            query.append_pair("field", &problem.field);
        }
        drop(query);
        page
    });
    // Who is not one of the operator's pages is sent nowhere.
    let page = page.filter(|_| !matches!(error, ApiError::OriginRefused));
    let elsewhere = asker.redirected(page.as_ref());
    let mut response = error.into_response();
    elsewhere.map(|page| response.extensions_mut().insert(Elsewhere(page)));
    response
}

/// The answer to a browser that asks before its script posts.
pub(super) fn to_preflight(form: &Form, headers: &HeaderMap) -> Response {
    let origin = headers.get(ORIGIN);
    let admitted = origin.and_then(|origin| origin.to_str().ok()).is_some_and(|origin| form.admits(origin));
    if !admitted {
        return ApiError::OriginRefused.into_response();
    }
    let allowed = [
        (ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST")),
        (ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("content-type, accept")),
        (ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600")),
    ];
    let mut response = (StatusCode::NO_CONTENT, allowed).into_response();
    add_origin(form, origin, response.headers_mut());
    response
}

/// Lets scripts of admitted pages read the answer, and nobody else's. Cookies are never asked for.
fn add_origin(form: &Form, origin: Option<&HeaderValue>, headers: &mut HeaderMap) {
    headers.insert(VARY, HeaderValue::from_static("Origin, Accept"));
    let admitted = origin.filter(|origin| origin.to_str().is_ok_and(|origin| form.admits(origin)));
    admitted.map(|origin| headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone()));
}
