//! Errors: one type, classified by what the caller can do about it.
//!
//! Cast: [`Error`] (class, meta, what was attempted), [`ErrorClass`] (what to do), [`classify_reply`] and [`classify_failure`] (pure: a reply or a transport
//! failure to a class), [`ErrorBody`] (the tolerant reader of error bodies).
//! Flow: the client gets a reply outside 2xx or a transport failure, one of them reads it, the caller matches on the class.

mod body;
mod classify;
mod clues;

use std::fmt;
use std::ops::Deref;
use std::time::Duration;

use http::Method;
use jiff::Timestamp;

pub use body::{ErrorBody, FieldHint};
pub use classify::{FailedReply, classify_failure, classify_reply};

use crate::decode::DecodeError;
use crate::reply::ResponseMeta;
use crate::request::Idempotency;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// What failed and what to do about it.
///
/// `Display` is for people and logs: it holds no secret, no e-mail address and no sentence of the CRM. The CRM's own sentences,
/// which may quote what was sent, are in [`Error::sentences`].
pub struct Error(Box<Details>);

struct Details {
    class: ErrorClass,
    meta: ResponseMeta,
    kind: Idempotency,
    method: Method,
    path: String,
    hint: Option<&'static str>,
    source: Option<Source>,
}

/// What happened, sorted by what the caller can do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorClass {
    /// The key is missing, wrong or was reset (401, or a redirect to the sign-in page).
    Auth,
    /// There is no such account at this address (404 from the edge on a route that every account has).
    WrongAccount,
    /// The key's user may not do this (403).
    Forbidden,
    /// The record or route does not exist (404).
    NotFound,
    /// The CRM refused values; nothing was written.
    Validation {
        /// The CRM's sentences, in the language of the key's owner.
        sentences: Sentences,
        /// Fields that the reply names.
        fields: Vec<FieldHint>,
    },
    /// Another record has the same value in a field that is unique; nothing was written.
    NotUnique {
        /// The field, where the reply names it.
        field: Option<String>,
        /// The CRM's sentences.
        sentences: Sentences,
    },
    /// An id that was sent (a stage, status, owner, …) does not exist or does not fit: look the ids up again.
    StaleId {
        /// The field that holds it, where the reply names it.
        field: Option<String>,
        /// The CRM's sentences.
        sentences: Sentences,
    },
    /// The account's quota is spent (429 of the CRM itself).
    QuotaExceeded {
        /// End of the window, its text read as UTC; see [`crate::rate_limit::nearest_plausible_reset`].
        reset: Option<Timestamp>,
    },
    /// The edge in front of the CRM throttles this machine. Calling on keeps the ban alive.
    EdgeThrottled {
        /// How long it asks to wait.
        retry_after: Option<Duration>,
    },
    /// The CRM takes no more bulk jobs for the moment (405 on a bulk call), or a system behind it is throttled (429 wrapped into a 400); nothing was
    /// written, and a wait of about 5 seconds helps (seen in the wild).
    BusyTryLater,
    /// Nothing was changed and a later try may work: no connection, or a read that was cut, timed out or met a 5xx.
    Transient,
    /// A write was sent and nobody knows whether it took effect: read back before sending it again.
    OutcomeUnknown,
    /// The CRM said it worked, but the body is not what was expected. Of a write the outcome counts as unknown.
    Malformed {
        /// Where the body differs.
        place: DecodeError,
    },
    /// The reply has a status that nothing is known about; nothing of it suggests that anything was written.
    Unexpected,
    /// Pages of a list came back empty although the CRM says that the list goes on: read it by scroll, or in narrower views.
    ListCutShort {
        /// The first page that was not given out.
        first_missing: u32,
        /// Number of pages by the CRM.
        pages: u32,
    },
    /// Others changed the record again and again while tags or custom fields were merged into it.
    ChangedMeanwhile {
        /// How often the merge was tried.
        attempts: u32,
        /// Whether a merged record was written that another writer then overwrote.
        written: bool,
    },
    /// Nothing was sent: the client or the request could not be built.
    Setup {
        /// What could not be built, and the mend.
        reason: String,
    },
}

impl ErrorClass {
    /// A short stable name for logs and metrics, e.g. `not_unique`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::WrongAccount => "wrong_account",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::Validation { .. } => "validation",
            Self::NotUnique { .. } => "not_unique",
            Self::StaleId { .. } => "stale_id",
            Self::QuotaExceeded { .. } => "quota_exceeded",
            Self::EdgeThrottled { .. } => "edge_throttled",
            Self::BusyTryLater => "busy_try_later",
            Self::Transient => "transient",
            Self::OutcomeUnknown => "outcome_unknown",
            Self::Malformed { .. } => "malformed",
            Self::Unexpected => "unexpected",
            Self::ListCutShort { .. } => "list_cut_short",
            Self::ChangedMeanwhile { .. } => "changed_meanwhile",
            Self::Setup { .. } => "setup",
        }
    }

    /// What happened and what to do next, for people.
    fn advice(&self) -> String {
        match self {
            Self::Auth => "the API key was refused: copy it again from Profile settings > API settings".into(),
            Self::WrongAccount => "no account answers at this address: check the subdomain".into(),
            Self::Forbidden => {
                "the user of the API key may not do this: ask an admin for the right, or use another key".into()
            }
            Self::NotFound => "there is no such record or route: look it up again".into(),
            Self::Validation { sentences, fields } => refused(sentences, fields),
            Self::NotUnique { field: Some(field), .. } => {
                format!("another record has the same `{field}`: look it up and update it")
            }
            Self::NotUnique { field: None, .. } => {
                "another record has the same unique value: look it up and update it".into()
            }
            Self::StaleId { field: Some(field), .. } => {
                format!("the id in `{field}` is unknown to the CRM: look the ids up again")
            }
            Self::StaleId { field: None, .. } => "an id is unknown to the CRM: look the ids up again".into(),
            Self::QuotaExceeded { .. } => "the account's request quota is spent: wait for the next window".into(),
            Self::EdgeThrottled { retry_after: Some(wait) } => {
                format!("this machine is throttled: wait {} s", wait.as_secs())
            }
            Self::EdgeThrottled { retry_after: None } => "this machine is throttled: wait some minutes".into(),
            Self::BusyTryLater => "the CRM runs too many bulk jobs: wait some seconds and repeat".into(),
            Self::Transient => "the CRM could not be reached or failed, nothing was changed: repeat later".into(),
            Self::OutcomeUnknown => "nobody knows whether it took effect: read back before repeating".into(),
            Self::Malformed { place } => {
                format!("the CRM confirmed it, but {place}: read back before repeating a write")
            }
            Self::Unexpected => "the CRM answered with a status that is not understood".into(),
            Self::ListCutShort { first_missing, pages } => format!(
                "the CRM gave out nothing from page {first_missing} on, of {pages}: read the list by scroll, or in narrower views"
            ),
            Self::ChangedMeanwhile { attempts, written: false } => {
                format!(
                    "the record was changed by others during each of {attempts} tries, nothing was written: repeat later"
                )
            }
            Self::ChangedMeanwhile { attempts, written: true } => {
                format!("the merged values were overwritten by others {attempts} times: repeat later")
            }
            Self::Setup { reason } => reason.clone(),
        }
    }
}

fn refused(sentences: &Sentences, fields: &[FieldHint]) -> String {
    let names: Vec<String> = fields.iter().map(|hint| format!("`{}`", hint.field)).collect();
    match (names.is_empty(), sentences.len()) {
        (true, 0) => "the CRM refused the values and gave no reason".into(),
        (true, count) => format!("the CRM refused the values with {count} sentence(s): read them and mend the values"),
        (false, _) => format!("the CRM refused the values of {}: mend them", names.join(", ")),
    }
}

/// Sentences of the CRM, in the language of the key's owner. They may quote what was sent, so `Debug` only counts them.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Sentences(Vec<String>);

impl Deref for Sentences {
    type Target = [String];

    fn deref(&self) -> &[String] {
        &self.0
    }
}

impl From<Vec<String>> for Sentences {
    fn from(sentences: Vec<String>) -> Self {
        Self(sentences)
    }
}

impl fmt::Debug for Sentences {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} sentence(s)", self.0.len())
    }
}

impl Error {
    pub(crate) fn new(class: ErrorClass, meta: ResponseMeta, kind: Idempotency, method: Method, path: String) -> Self {
        Self(Box::new(Details { class, meta, kind, method, path, hint: None, source: None }))
    }

    pub(crate) fn setup(reason: impl Into<String>) -> Self {
        let class = ErrorClass::Setup { reason: reason.into() };
        Self::new(class, ResponseMeta::default(), Idempotency::Read, Method::GET, String::new())
    }

    pub(crate) fn of_write(class: ErrorClass, path: String) -> Self {
        Self::new(class, ResponseMeta::default(), Idempotency::KeyedWrite, Method::PUT, path)
    }

    pub(crate) fn of_list(class: ErrorClass, path: String) -> Self {
        Self::new(class, ResponseMeta::default(), Idempotency::Read, Method::GET, path)
    }

    #[must_use]
    pub(crate) fn with_source(mut self, source: impl Into<Source>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    #[must_use]
    pub(crate) fn with_hint(mut self, hint: &'static str) -> Self {
        self.0.hint = Some(hint);
        self
    }

    #[must_use]
    pub(crate) fn with_class(mut self, class: ErrorClass) -> Self {
        self.0.class = class;
        self
    }

    /// What to do about it.
    pub fn class(&self) -> &ErrorClass {
        &self.0.class
    }

    /// Status, quota, waiting time and duration.
    pub fn meta(&self) -> &ResponseMeta {
        &self.0.meta
    }

    /// Method of the request that failed.
    pub fn method(&self) -> &Method {
        &self.0.method
    }

    /// Path of the request that failed, below the root of the API; empty if no request was built.
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// How safe it was to repeat the request.
    pub fn kind(&self) -> Idempotency {
        self.0.kind
    }

    /// Whether the request may have changed the account. Then read back before sending it again.
    pub fn may_have_happened(&self) -> bool {
        self.0.kind.is_write() && matches!(self.0.class, ErrorClass::OutcomeUnknown | ErrorClass::Malformed { .. })
    }

    /// The CRM's own sentences, in the language of the key's owner; they may quote what was sent.
    pub fn sentences(&self) -> &[String] {
        match &self.0.class {
            ErrorClass::Validation { sentences, .. }
            | ErrorClass::NotUnique { sentences, .. }
            | ErrorClass::StaleId { sentences, .. } => sentences,
            _ => &[],
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Details { class, meta, method, path, hint, .. } = &*self.0;
        if path.is_empty() {
            return formatter.write_str(&class.advice());
        }
        write!(formatter, "{method} {path} failed")?;
        if let Some(status) = meta.status {
            write!(formatter, " with status {status}")?;
        }
        write!(formatter, ": {}", class.advice())?;
        hint.map_or(Ok(()), |hint| write!(formatter, "\nhint: {hint}"))
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Details { class, meta, method, path, source, .. } = &*self.0;
        let source = source.as_ref().map(ToString::to_string);
        let mut debug = formatter.debug_struct("Error");
        debug.field("class", class).field("method", method).field("path", path);
        debug.field("meta", meta).field("source", &source).finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
