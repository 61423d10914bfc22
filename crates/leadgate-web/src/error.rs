//! Why a request was not done: what the caller is told, and what only the log is told.
//!
//! Handlers return an [`ApiError`]; its response is empty and carries the error along. `edge` writes the body, because only there it is known
//! in whose words, and logs the cause of a 5xx once.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use leadgate_core::intake::{IntakeError, Problem};
use leadgate_core::steps::{ParkReason, Parking};
use leadgate_core::submission::SubmissionId;
use leadgate_store::StoreError;
use leadgate_store::model::Progress;
use leadgate_store::scopes::Scope;

use crate::answers::Dialect;
use crate::broker::PassError;

/// Why a request was not done. `Display` is for the caller and never tells the cause of a failure of ours.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    /// No key was sent.
    #[error("a key is needed: send the app's key as `Authorization: Bearer <key>` or `X-Leadgate-Key: <key>`")]
    KeyMissing,
    /// The key is none of those known.
    #[error(
        "the key is not one of this gateway's: send the app's own key, not the CRM's, as `Authorization: Bearer <key>` or \
         `X-Leadgate-Key: <key>`"
    )]
    KeyUnknown,
    /// The key may not do that.
    #[error("the key may not {}: use a key that may, which `leadgate keys add NAME --may {}` makes", .0.name(), .0.name())]
    KeyForbids(Scope),
    /// The account is being removed, or is gone.
    #[error("the account was removed; nothing is kept for it any more")]
    AccountRemoved,
    /// No account has that name.
    #[error("there is no account of this name")]
    NoSuchAccount,
    /// Another account has the name.
    #[error("an account of this name is there already; take another name")]
    AccountNameTaken,
    /// What was said of an account cannot be used.
    #[error("{0}")]
    AccountRefused(String),
    /// No form has that name.
    #[error("there is no form of this name")]
    NoSuchForm,
    /// The post does not name the form's key.
    #[error(
        "the form's key is missing or is another form's: send it as the field form_key, or as ?key=… in the address"
    )]
    FormKeyWrong,
    /// The page is not one of the form's.
    #[error(
        "this page may not post here: its origin is not among the form's origins, or the page's Referrer-Policy hides it"
    )]
    OriginRefused,
    /// Too many posts; the seconds after which there is room again.
    #[error("too many posts for now; try again in {0} s")]
    TooManyPosts(u64),
    /// The body is of a type that no form has.
    #[error("{0}")]
    NotAForm(&'static str),
    /// The body cannot be taken apart into fields.
    #[error("{0}")]
    FormUnreadable(&'static str),
    /// No secret of the notifications was sent, or none that counts.
    #[error(
        "a notification needs the secret of [notifications] in the rules file: send it in the header X-Leadgate-Secret, in Authorization, or as ?secret= in the address"
    )]
    SecretWrong,
    /// There are no secrets that could count.
    #[error("this gateway takes no notifications: set [notifications] secrets in the rules file and start it again")]
    NoSecrets,
    /// The rules have no mapping of that name.
    #[error(
        "the rules have no mapping of this name; add it under [notifications.mappings], or leave it out of the address"
    )]
    NoSuchMapping,
    /// No notification has come yet.
    #[error("no notification has come yet")]
    NoNotification,
    /// No route has that path.
    #[error("there is nothing at this path")]
    NoSuchPath,
    /// The route does not take that method.
    #[error("this path takes {0} only")]
    MethodNotAllowed(&'static str),
    /// No submission has that id.
    #[error("there is no submission of this id")]
    NoSuchSubmission,
    /// No job has that number.
    #[error("there is no job of this number")]
    NoSuchJob,
    /// The job is not parked, so there is nothing to release.
    #[error("the job is not parked but {}; only parked jobs are released", .0.name())]
    NotParked(Progress),
    /// No delivery has that id.
    #[error("there is no delivery of this id")]
    NoSuchDelivery,
    /// The delivery is made anyway.
    #[error("the delivery waits for an attempt already")]
    DeliveryWaits,
    /// The rules have no destination of that name.
    #[error("the rules file has no destination of this name")]
    NoSuchDestination,
    /// No import has that id.
    #[error("there is no import of this id")]
    NoSuchImport,
    /// There is no demand to forget somebody under this id.
    #[error("there is no demand to forget somebody under this id")]
    NoSuchForget,
    /// The import was undone.
    #[error("the import was undone; begin another one, which may be of the same file")]
    ImportUndone,
    /// The query cannot be understood.
    #[error("{0}")]
    QueryWrong(&'static str),
    /// The process keeps no metrics.
    #[error("this process keeps no metrics")]
    NoMetrics,
    /// The body is compressed, where it is taken plain only.
    #[error("the body is compressed, which is not understood here; send it without Content-Encoding")]
    Compressed,
    /// The body is not declared to be plain JSON in UTF-8.
    #[error("{0}")]
    NotJson(&'static str),
    /// The body is larger than the limit in bytes.
    #[error("the body is larger than {0} bytes")]
    BodyTooLarge(usize),
    /// The body did not arrive in time.
    #[error("the body did not arrive in time; send it again")]
    BodyTooSlow,
    /// The connection broke within the body.
    #[error("the body ended before its time; send it again")]
    BodyCutShort,
    /// The body is not UTF-8.
    #[error("the body is not UTF-8; send JSON encoded as UTF-8")]
    NotUtf8,
    /// The body is not the gzip that it says it is.
    #[error("the body cannot be unpacked; send it as gzip, or plain without Content-Encoding")]
    NotGzip,
    /// The body cannot be taken.
    #[error(transparent)]
    Intake(#[from] IntakeError),
    /// The idempotency key is malformed.
    #[error(
        "the Idempotency-Key header is not one key: send 1 to 255 visible ASCII characters, in double quotes or plain"
    )]
    IdempotencyKeyMalformed,
    /// The idempotency key was used with another body.
    #[error("the idempotency key was used before for another request; send a new key for a new request")]
    IdempotencyKeyReused(SubmissionId),
    /// One idempotency key came with many events.
    #[error("an Idempotency-Key cannot name several events; send an `id` with each of them instead")]
    KeyForMany,
    /// The submission is kept, but needs a person.
    #[error("{}", .parking.message)]
    Parked {
        /// Which submission.
        submission: SubmissionId,
        /// Why.
        parking: Box<Parking>,
    },
    /// The store failed; nothing was kept.
    #[error("{}", store_failure(.0))]
    Store(#[from] StoreError),
    /// A request was not passed on to the CRM, or its reply not handed on.
    #[error(transparent)]
    Pass(#[from] PassError),
    /// The process is not ready for work.
    #[error("the gateway is not ready")]
    NotReady(String),
    /// The handler panicked.
    #[error("the gateway failed; the request id names the failure in its log")]
    Panicked,
}

fn store_failure(error: &StoreError) -> &'static str {
    match error {
        StoreError::DiskFull => "the gateway has no room left; nothing was kept, send it again later",
        StoreError::Unavailable(_) => "the gateway's store does not answer; nothing was kept, send it again",
        _ => "the gateway failed; the request id names the failure in its log",
    }
}

impl ApiError {
    /// The status; the guide's server knew no 422 for fields.
    pub(crate) fn status(&self, dialect: Dialect) -> StatusCode {
        match self {
            ApiError::Intake(IntakeError::Invalid(_)) if dialect == Dialect::V1 => StatusCode::UNPROCESSABLE_ENTITY,
            ApiError::KeyMissing | ApiError::KeyUnknown | ApiError::SecretWrong | ApiError::NoSecrets => {
                StatusCode::UNAUTHORIZED
            }
            ApiError::NoSuchMapping | ApiError::NoNotification | ApiError::NoSuchAccount => StatusCode::NOT_FOUND,
            ApiError::KeyForbids(_) => StatusCode::FORBIDDEN,
            ApiError::AccountRemoved => StatusCode::GONE,
            ApiError::AccountNameTaken => StatusCode::CONFLICT,
            ApiError::AccountRefused(_) => StatusCode::UNPROCESSABLE_ENTITY,
            ApiError::NoSuchPath | ApiError::NoSuchSubmission | ApiError::NoSuchJob | ApiError::NoMetrics => {
                StatusCode::NOT_FOUND
            }
            ApiError::NoSuchForm => StatusCode::NOT_FOUND,
            ApiError::Pass(error) => error.status(),
            ApiError::FormKeyWrong | ApiError::OriginRefused => StatusCode::FORBIDDEN,
            ApiError::TooManyPosts(_) => StatusCode::TOO_MANY_REQUESTS,
            ApiError::NotAForm(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ApiError::FormUnreadable(_) => StatusCode::BAD_REQUEST,
            ApiError::NoSuchDelivery | ApiError::NoSuchDestination => StatusCode::NOT_FOUND,
            ApiError::NoSuchImport | ApiError::NoSuchForget => StatusCode::NOT_FOUND,
            ApiError::ImportUndone => StatusCode::CONFLICT,
            ApiError::NotParked(_) | ApiError::DeliveryWaits => StatusCode::CONFLICT,
            ApiError::QueryWrong(_) => StatusCode::BAD_REQUEST,
            ApiError::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            ApiError::NotJson(_) | ApiError::Compressed => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ApiError::BodyTooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            ApiError::BodyTooSlow => StatusCode::REQUEST_TIMEOUT,
            ApiError::NotGzip | ApiError::KeyForMany => StatusCode::BAD_REQUEST,
            ApiError::BodyCutShort | ApiError::NotUtf8 | ApiError::Intake(_) | ApiError::IdempotencyKeyMalformed => {
                StatusCode::BAD_REQUEST
            }
            ApiError::IdempotencyKeyReused(_) => StatusCode::UNPROCESSABLE_ENTITY,
            ApiError::Parked { parking, .. } => parked_status(parking.reason),
            ApiError::Store(StoreError::DiskFull) => StatusCode::INSUFFICIENT_STORAGE,
            ApiError::Store(StoreError::Unavailable(_)) | ApiError::NotReady(_) => StatusCode::SERVICE_UNAVAILABLE,
            ApiError::Store(_) | ApiError::Panicked => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// A stable name of the kind and its title, for programs and for people.
    pub(crate) fn kind(&self) -> (&'static str, &'static str) {
        match self {
            ApiError::KeyMissing => ("key-missing", "a key is needed"),
            ApiError::KeyUnknown => ("key-unknown", "the key is not known"),
            ApiError::KeyForbids(_) => ("key-may-not", "the key may not do this"),
            ApiError::AccountRemoved => ("account-removed", "the account was removed"),
            ApiError::NoSuchAccount => ("no-such-account", "no such account"),
            ApiError::AccountNameTaken => ("account-name-taken", "the name is taken"),
            ApiError::AccountRefused(_) => ("account-refused", "the account cannot be as asked"),
            ApiError::NoSuchForm => ("no-such-form", "no such form"),
            ApiError::FormKeyWrong => ("form-key-wrong", "the form's key is missing or wrong"),
            ApiError::OriginRefused => ("origin-refused", "the page may not post here"),
            ApiError::TooManyPosts(_) => ("too-many-posts", "too many posts"),
            ApiError::NotAForm(_) => ("not-a-form", "not a form"),
            ApiError::FormUnreadable(_) => ("form-unreadable", "the form cannot be read"),
            ApiError::SecretWrong => ("secret-wrong", "the secret is missing or wrong"),
            ApiError::NoSecrets => ("no-secrets", "notifications are not taken"),
            ApiError::NoSuchMapping => ("no-such-mapping", "no such mapping"),
            ApiError::NoNotification => ("no-notification", "no notification yet"),
            ApiError::NoSuchPath => ("no-such-path", "no such path"),
            ApiError::MethodNotAllowed(_) => ("method-not-allowed", "method not allowed"),
            ApiError::NoSuchSubmission => ("no-such-submission", "no such submission"),
            ApiError::NoSuchJob => ("no-such-job", "no such job"),
            ApiError::NotParked(_) => ("not-parked", "the job is not parked"),
            ApiError::NoSuchDelivery => ("no-such-delivery", "no such delivery"),
            ApiError::DeliveryWaits => ("delivery-waits", "the delivery waits already"),
            ApiError::NoSuchDestination => ("no-such-destination", "no such destination"),
            ApiError::NoSuchImport => ("no-such-import", "no such import"),
            ApiError::NoSuchForget => ("no-such-demand", "no such demand"),
            ApiError::ImportUndone => ("import-undone", "the import was undone"),
            ApiError::QueryWrong(_) => ("query-wrong", "the query cannot be understood"),
            ApiError::Pass(error) => error.kind(),
            ApiError::NoMetrics => ("no-metrics", "no metrics"),
            ApiError::NotJson(_) => ("not-json", "not JSON"),
            ApiError::Compressed => ("compressed", "the body is compressed"),
            ApiError::BodyTooLarge(_) => ("body-too-large", "the body is too large"),
            ApiError::BodyTooSlow => ("body-too-slow", "the body came too slowly"),
            ApiError::BodyCutShort => ("body-cut-short", "the body was cut short"),
            ApiError::NotUtf8 => ("not-utf8", "not UTF-8"),
            ApiError::NotGzip => ("not-gzip", "the body cannot be unpacked"),
            ApiError::Intake(IntakeError::Malformed(_)) => ("malformed-body", "the body cannot be read"),
            ApiError::Intake(IntakeError::Invalid(_)) => ("invalid-fields", "fields are missing or wrong"),
            ApiError::IdempotencyKeyMalformed => ("idempotency-key-malformed", "the idempotency key is malformed"),
            ApiError::IdempotencyKeyReused(_) => ("idempotency-key-reused", "the idempotency key was used before"),
            ApiError::KeyForMany => ("idempotency-key-for-many", "one idempotency key for many events"),
            ApiError::Parked { .. } => ("parked", "the submission is kept, but needs a person"),
            ApiError::Store(StoreError::DiskFull) => ("no-room", "no room left"),
            ApiError::Store(StoreError::Unavailable(_)) => ("unavailable", "the store does not answer"),
            ApiError::NotReady(_) => ("not-ready", "not ready"),
            ApiError::Store(_) | ApiError::Panicked => ("failed", "the gateway failed"),
        }
    }

    /// What is wrong with which field.
    pub(crate) fn fields(&self) -> &[Problem] {
        match self {
            ApiError::Intake(IntakeError::Invalid(problems)) => problems,
            ApiError::Intake(IntakeError::Malformed(problem)) => std::slice::from_ref(problem),
            _ => &[],
        }
    }

    /// What happened, where the caller is not told.
    pub(crate) fn cause(&self) -> Option<String> {
        match self {
            ApiError::Store(error) => Some(error.to_string()),
            ApiError::NotReady(cause) => Some(cause.clone()),
            // What the panic said may quote a body, so it is left to the panic hook.
            ApiError::Panicked => Some("a handler panicked".to_owned()),
            _ => None,
        }
    }

    /// The submission it is about, for the log.
    pub(crate) fn submission(&self) -> Option<SubmissionId> {
        match self {
            ApiError::Parked { submission, .. } | ApiError::IdempotencyKeyReused(submission) => Some(*submission),
            _ => None,
        }
    }
}

/// 4xx for what the caller can put right, 502 for what lies between the gateway and the CRM.
fn parked_status(reason: ParkReason) -> StatusCode {
    match reason {
        ParkReason::NotFound => StatusCode::NOT_FOUND,
        ParkReason::UnknownName | ParkReason::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        ParkReason::TakenUnseen => StatusCode::CONFLICT,
        ParkReason::Forbidden | ParkReason::Exhausted => StatusCode::BAD_GATEWAY,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}
