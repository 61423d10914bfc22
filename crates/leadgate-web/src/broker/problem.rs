//! Why a request was not passed on, or why there is no reply to hand on.

use http::header::{ALLOW, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use leadgate_core::broker::{NoReply, NoRoom, PathProblem};

/// The methods that are passed on.
pub(crate) const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";

/// Why. `Display` is for the caller.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PassError {
    /// The path names no account.
    #[error(
        "the gateway has no account of this name; the one it serves is called `default`, as in /crm/default/api/contacts/1"
    )]
    NoSuchAccount,
    /// The key opens the gateway, but not this door.
    #[error("this key may not pass requests through to the CRM; add its name to broker.keys in the gateway's settings")]
    KeyMayNot,
    /// The method is none that the API knows.
    #[error("this path takes {METHODS} only")]
    Method,
    /// The path is not one below the API's root.
    #[error("{0}")]
    Path(#[from] PathProblem),
    /// A header asks for something that does not exist.
    #[error("{0}")]
    Wish(&'static str),
    /// The budget has no room; so many seconds from now it has.
    #[error("{}; there will be room at {}; nothing was sent", why_no_room(.0), .0.until)]
    NoRoom(Box<NoRoom>, i64),
    /// Too many are under way.
    #[error(
        "the gateway passes as many requests through at once as it can; send it again in a moment; nothing was sent"
    )]
    Busy,
    /// There is no reply.
    #[error("{}", why_lost(*why, *is_write))]
    Lost {
        /// Why.
        why: NoReply,
        /// Whether the request may have changed something.
        is_write: bool,
    },
}

fn why_no_room(no_room: &NoRoom) -> String {
    let lane = no_room.lane;
    match no_room.cause.as_str() {
        "hour" => format!("the account's hour has no room left for requests of the lane {lane}"),
        "minute" => format!("the account's minute has no room left for requests of the lane {lane}"),
        "outage" => "the CRM does not answer and is left alone for a while".to_owned(),
        "ending" => "the gateway is about to stop".to_owned(),
        class => format!("the account is left alone for now ({class})"),
    }
}

fn why_lost(why: NoReply, is_write: bool) -> String {
    let what = match why {
        NoReply::NotSent => "the account could not be reached; nothing was sent",
        NoReply::TimedOut => "the account did not answer in time",
        NoReply::Broke => "the connection to the account broke before its reply was whole",
        NoReply::TooLarge => "the account's reply is larger than what the gateway hands on; ask for fewer rows",
        NoReply::HoldsKey => "the account's reply holds the account's own key, so it is not handed on",
    };
    if is_write && why.leaves_outcome_open() {
        format!("{what}; the outcome is unknown: it may have been done or not, so look before you send it again")
    } else {
        what.to_owned()
    }
}

impl PassError {
    pub(crate) fn no_room(no_room: NoRoom, now: Timestamp) -> PassError {
        let wait = no_room.until.duration_since(now).max(jiff::SignedDuration::ZERO);
        let seconds = wait.as_secs() + i64::from(wait.subsec_nanos() > 0);
        PassError::NoRoom(Box::new(no_room), seconds)
    }

    pub(crate) fn status(&self) -> StatusCode {
        match self {
            PassError::NoSuchAccount => StatusCode::NOT_FOUND,
            PassError::KeyMayNot => StatusCode::FORBIDDEN,
            PassError::Method => StatusCode::METHOD_NOT_ALLOWED,
            PassError::Path(_) | PassError::Wish(_) => StatusCode::BAD_REQUEST,
            PassError::NoRoom(..) | PassError::Busy => StatusCode::TOO_MANY_REQUESTS,
            PassError::Lost { why: NoReply::TimedOut, .. } => StatusCode::GATEWAY_TIMEOUT,
            PassError::Lost { .. } => StatusCode::BAD_GATEWAY,
        }
    }

    /// A stable name of the kind and its title.
    pub(crate) fn kind(&self) -> (&'static str, &'static str) {
        match self {
            PassError::NoSuchAccount => ("no-such-account", "no such account"),
            PassError::KeyMayNot => ("key-may-not-pass", "the key may not pass requests through"),
            PassError::Method => ("method-not-allowed", "method not allowed"),
            PassError::Path(_) => ("path-wrong", "the path is not passed on"),
            PassError::Wish(_) => ("header-wrong", "a header cannot be understood"),
            PassError::NoRoom(..) => ("no-room-in-budget", "no room in the account's budget"),
            PassError::Busy => ("busy", "too many requests are passed through"),
            PassError::Lost { why, .. } if why.leaves_outcome_open() => {
                ("no-reply", "the account's reply did not arrive")
            }
            PassError::Lost { .. } => ("no-reply-to-hand-on", "there is no reply to hand on"),
        }
    }

    /// Why there is no room, for programs: `hour`, `minute`, `outage`, `ending`, `busy`, or `stop` for any other trouble of the account.
    pub(crate) fn reason(&self) -> Option<&'static str> {
        match self {
            PassError::NoRoom(no_room, _) => Some(match no_room.cause.as_str() {
                "hour" => "hour",
                "minute" => "minute",
                "outage" => "outage",
                "ending" => "ending",
                _ => "stop",
            }),
            PassError::Busy => Some("busy"),
            PassError::Lost { why, .. } => Some(why.name()),
            _ => None,
        }
    }

    /// When there will be room, and in which lane.
    pub(crate) fn room(&self) -> Option<(Timestamp, &'static str)> {
        match self {
            PassError::NoRoom(no_room, _) => Some((no_room.until, no_room.lane.name())),
            _ => None,
        }
    }

    /// Headers that go with the problem: those of the account's quota as its clients know them, from the ledger.
    pub(crate) fn add_headers(&self, headers: &mut HeaderMap) {
        match self {
            PassError::NoRoom(no_room, seconds) => {
                headers.insert(RETRY_AFTER, HeaderValue::from(*seconds));
                add_quota(no_room, headers);
            }
            PassError::Busy => drop(headers.insert(RETRY_AFTER, HeaderValue::from_static("1"))),
            PassError::Method => drop(headers.insert(ALLOW, HeaderValue::from_static(METHODS))),
            _ => {}
        }
    }
}

fn add_quota(no_room: &NoRoom, headers: &mut HeaderMap) {
    let Some(hour) = no_room.hour else { return };
    headers.insert("x-ratelimit-limit", HeaderValue::from(hour.limit));
    headers.insert("x-ratelimit-remaining", HeaderValue::from(hour.remaining));
    // As the account writes it: day, month, two digits of the year, hour, minute, second.
    let ends = hour.ends.to_zoned_datetime(TimeZone::UTC).strftime("%d%m%y%H%M%S").to_string();
    if let Ok(ends) = HeaderValue::try_from(ends) {
        headers.insert("x-ratelimit-reset", ends);
    }
}

#[cfg(test)]
mod tests {
    use leadgate_core::broker::HourShown;
    use leadgate_core::lane::Lane;
    use rstest::rstest;

    use super::*;

    fn no_room(cause: &str) -> PassError {
        let until = "2026-06-15T15:00:00Z".parse().unwrap();
        let hour = Some(HourShown { limit: 1_000, remaining: 7, ends: until });
        let now = "2026-06-15T14:59:57.2Z".parse().unwrap();
        PassError::no_room(NoRoom { until, cause: cause.to_owned(), lane: Lane::Bulk, hour }, now)
    }

    #[rstest]
    #[case("hour", "hour")]
    #[case("minute", "minute")]
    #[case("outage", "outage")]
    #[case("ending", "ending")]
    #[case("quota", "stop")]
    #[case("throttled", "stop")]
    fn a_refusal_says_why_and_when(#[case] cause: &str, #[case] reason: &str) {
        let (error, mut headers) = (no_room(cause), HeaderMap::new());
        error.add_headers(&mut headers);
        let shown: Vec<_> =
            headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        let told = [
            "retry-after: 3",
            "x-ratelimit-limit: 1000",
            "x-ratelimit-remaining: 7",
            "x-ratelimit-reset: 150626150000",
        ];
        assert_eq!((shown, error.reason()), (told.map(str::to_owned).to_vec(), Some(reason)));
        assert!(error.to_string().ends_with("there will be room at 2026-06-15T15:00:00Z; nothing was sent"), "{error}");
    }

    #[rstest]
    #[case(NoReply::TimedOut, true, 504, true)]
    #[case(NoReply::TimedOut, false, 504, false)]
    #[case(NoReply::Broke, true, 502, true)]
    #[case(NoReply::TooLarge, true, 502, true)]
    #[case(NoReply::NotSent, true, 502, false)]
    #[case(NoReply::HoldsKey, true, 502, false)]
    fn of_a_write_nobody_knows(
        #[case] why: NoReply,
        #[case] is_write: bool,
        #[case] status: u16,
        #[case] unknown: bool,
    ) {
        let error = PassError::Lost { why, is_write };
        assert_eq!((error.status().as_u16(), error.to_string().contains("outcome is unknown")), (status, unknown));
    }
}
