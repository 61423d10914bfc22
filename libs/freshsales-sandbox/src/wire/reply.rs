//! What the account answers, and the ways it refuses, each with its recorded status and body.

use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;

use super::words::Sentence;

#[derive(Debug)]
pub(crate) enum ReplyBody {
    Empty,
    Json(Value),
    /// JSON that is written already.
    Text(Vec<u8>),
    Html(&'static str),
    /// The content of a file, with its media type.
    File(String, Bytes),
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

    /// The same with JSON as a tree, for whoever looks into it.
    pub(crate) fn into_tree(mut self) -> Self {
        if let ReplyBody::Text(text) = &self.body {
            self.body = ReplyBody::Json(serde_json::from_slice(text).unwrap_or_default());
        }
        self
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
}

/// Why a route does not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// 400 with sentences.
    Invalid(Vec<Sentence>),
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
    pub(crate) fn invalid(sentence: impl Into<Sentence>) -> Self {
        Self::Invalid(vec![sentence.into()])
    }

    /// What is said about one attribute of the body.
    pub(crate) fn about(field: impl Into<String>, sentence: impl Into<String>) -> Self {
        Self::Invalid(vec![Sentence::about(field, sentence)])
    }

    /// The sentences in English.
    pub(crate) fn sentences(&self) -> Vec<String> {
        match self {
            Self::Invalid(sentences) => sentences.iter().map(|sentence| sentence.text.clone()).collect(),
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
