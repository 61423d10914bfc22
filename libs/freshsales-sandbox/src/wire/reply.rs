//! What the account answers, and the ways it refuses, each with its recorded status and body.

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

#[derive(Debug)]
pub(crate) enum ReplyBody {
    Empty,
    Json(Value),
    Html(&'static str),
    /// A file of a type of its own.
    File {
        content_type: &'static str,
        bytes: Bytes,
    },
}

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: ReplyBody,
}

/// What a route hands back.
pub(crate) type Answer = Result<Reply, Refusal>;

impl Reply {
    pub(crate) fn new(status: StatusCode, body: ReplyBody) -> Self {
        Self { status, headers: Vec::new(), body }
    }

    pub(crate) fn json(body: Value) -> Self {
        Self::new(StatusCode::OK, ReplyBody::Json(body))
    }

    pub(crate) fn html(status: StatusCode, page: &'static str) -> Self {
        Self::new(status, ReplyBody::Html(page))
    }

    pub(crate) fn empty(status: StatusCode) -> Self {
        Self::new(status, ReplyBody::Empty)
    }

    pub(crate) fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    pub(crate) fn with_header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The error envelope: `message` is always a list.
    pub(crate) fn errors(status: StatusCode, messages: &[String]) -> Self {
        Self::json(json!({"errors": {"code": status.as_u16(), "message": messages}})).with_status(status)
    }
}

/// Why a route does not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// 400 with sentences.
    Invalid(Vec<String>),
    /// 400 with `error_code` 3002.
    NotUnique(String),
    /// 422 with a sentence.
    Unprocessable(String),
    /// 403: a bare list without a view.
    Forbidden,
    /// 404 for an id that does not exist.
    NotFound,
    /// 404 without a body, for an id that is not a number.
    NotAnId,
    /// 404 page, for a path that does not exist.
    UnknownRoute,
    /// 405 without a body, when too many bulk jobs run.
    Busy,
}

impl Refusal {
    pub(crate) fn invalid(sentence: impl Into<String>) -> Self {
        Self::Invalid(vec![sentence.into()])
    }

    /// The sentences, for a bulk job's failure report.
    pub(crate) fn sentences(&self) -> Vec<String> {
        match self {
            Self::Invalid(sentences) => sentences.clone(),
            Self::NotUnique(sentence) | Self::Unprocessable(sentence) => vec![sentence.clone()],
            Self::Forbidden => vec![NOT_AUTHORISED.to_owned()],
            Self::NotFound | Self::NotAnId | Self::UnknownRoute => vec!["Not found".to_owned()],
            Self::Busy => vec!["Too many jobs are running".to_owned()],
        }
    }
}

const NOT_AUTHORISED: &str = "You are not authorised to perform this action.";

/// The page for a path or an account that does not exist.
pub(crate) const NOT_FOUND_PAGE: &str = "<!DOCTYPE html><html><head><title>404</title></head><body><h1>The page you were looking for does not exist.</h1></body></html>";

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        let sentences = refusal.sentences();
        match refusal {
            Refusal::Invalid(_) => Self::errors(StatusCode::BAD_REQUEST, &sentences),
            Refusal::NotUnique(_) => {
                let errors = json!({"errors": {"code": 400, "error_code": 3002, "message": sentences}});
                Self::json(errors).with_status(StatusCode::BAD_REQUEST)
            }
            Refusal::Unprocessable(_) => Self::errors(StatusCode::UNPROCESSABLE_ENTITY, &sentences),
            Refusal::Forbidden => Self::errors(StatusCode::FORBIDDEN, &sentences),
            Refusal::NotFound => Self::errors(StatusCode::NOT_FOUND, &sentences),
            Refusal::NotAnId => Self::empty(StatusCode::NOT_FOUND),
            Refusal::UnknownRoute => Self::html(StatusCode::NOT_FOUND, NOT_FOUND_PAGE),
            Refusal::Busy => Self::empty(StatusCode::METHOD_NOT_ALLOWED),
        }
    }
}
