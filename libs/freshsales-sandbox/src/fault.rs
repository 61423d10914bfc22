//! Faults as values: what goes wrong, for which requests, how often and how many times.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum FaultKind {
    /// 500 with a JSON error; nothing happened.
    FailBeforeCommit,
    /// 500 with a JSON error; the effect happened.
    CommitThenFail,
    /// An HTML error page of the proxy; nothing happened.
    ServerErrorHtml {
        /// 502 or 503.
        status: u16,
    },
    /// The effect happens, then the connection closes without a response byte.
    CommitThenCut,
    /// The connection closes without a response byte; nothing happened.
    CutBeforeCommit,
    /// The connection closes without a response byte, and the effect happens later: a read in between does not see it.
    CutThenCommit {
        /// Milliseconds of the account's clock between the cut and the effect.
        delay_milliseconds: u64,
    },
    /// No reply ever comes; the connection stays open until the caller gives up.
    Hang {
        /// Whether the effect happens.
        #[serde(default)]
        then_commit: bool,
    },
    /// 429 as if the account's quota were spent, without `Retry-After`.
    #[serde(rename = "quota_429")]
    Quota429 {
        /// Seconds from now to the reset; the next whole second where absent.
        #[serde(default)]
        reset_after_seconds: Option<u32>,
    },
    /// A 400 whose message carries another system's 429. Seen in the wild on contact calls.
    #[serde(rename = "quota_429_in_400")]
    Quota429In400,
    /// 429 of the proxy in front: before authentication, with `Retry-After`.
    EdgeThrottle {
        /// Seconds in `Retry-After`.
        retry_after: u32,
    },
    /// The reply is complete and right, but its body comes in small pieces.
    SlowBody {
        /// Bytes per piece.
        chunk_bytes: usize,
        /// Pause before each piece, in milliseconds of real time.
        pause_milliseconds: u64,
    },
    /// 403, as for a user whose role lacks the right; nothing happened.
    Forbidden,
    /// 405 without a body on `bulk_upsert`, as if too many jobs ran.
    #[serde(rename = "bulk_busy_405")]
    BulkBusy405,
}

/// Which requests a fault can hit; an empty part matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FaultMatching {
    /// HTTP methods in upper case.
    pub methods: Vec<String>,
    /// Start of the path, either as sent (`/api/contacts`) or without the generation's prefix (`/contacts`).
    pub path_prefix: String,
    /// The whole path as a pattern, with or without the generation's prefix: `/contacts/{id}/notes`, `/leads/**`.
    /// `*` and `{…}` stand for one segment, `**` at the end for all that follow.
    pub path: String,
    /// End of the path without a trailing slash: `/upsert` hits every upsert.
    pub path_suffix: String,
}

/// A fault that is switched on.
///
/// ```
/// use freshsales_sandbox::{Fault, FaultKind};
/// let lost_reply = Fault::new(FaultKind::CommitThenCut).on("POST", "/leads").times(1);
/// assert_eq!(lost_reply.remaining, Some(1));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// What goes wrong.
    #[serde(flatten)]
    pub kind: FaultKind,
    /// Which requests it can hit.
    #[serde(flatten, default)]
    pub matching: FaultMatching,
    /// How likely a matching request is hit, 0 to 1.
    #[serde(default = "always")]
    pub probability: f64,
    /// How many more requests are hit; without end where absent.
    #[serde(default)]
    pub remaining: Option<u32>,
    /// How many matching requests pass before the first can be hit.
    #[serde(default)]
    pub skip: u32,
    /// Hits nothing before this instant of the account's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Hits nothing from this instant of the account's clock on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

const fn always() -> f64 {
    1.0
}

impl Fault {
    /// A fault that hits every request, without end.
    #[must_use]
    pub fn new(kind: FaultKind) -> Self {
        Self {
            kind,
            matching: FaultMatching::default(),
            probability: 1.0,
            remaining: None,
            skip: 0,
            from: None,
            until: None,
        }
    }

    /// Only requests of this method whose path starts so.
    #[must_use]
    pub fn on(mut self, method: &str, path_prefix: &str) -> Self {
        self.matching.methods = vec![method.to_ascii_uppercase()];
        path_prefix.clone_into(&mut self.matching.path_prefix);
        self
    }

    /// Only requests of this method whose path follows this pattern, see [`FaultMatching::path`].
    #[must_use]
    pub fn at(mut self, method: &str, pattern: &str) -> Self {
        self.matching.methods = vec![method.to_ascii_uppercase()];
        pattern.clone_into(&mut self.matching.path);
        self
    }

    /// Only within this span of the account's clock: from the first instant on, before the second.
    #[must_use]
    pub fn between(mut self, from: Timestamp, until: Timestamp) -> Self {
        (self.from, self.until) = (Some(from), Some(until));
        self
    }

    /// At most this many requests.
    #[must_use]
    pub fn times(mut self, count: u32) -> Self {
        self.remaining = Some(count);
        self
    }

    /// Each matching request with this probability, 0 to 1.
    #[must_use]
    pub fn with_probability(mut self, probability: f64) -> Self {
        self.probability = probability;
        self
    }

    /// Lets this many matching requests pass first.
    #[must_use]
    pub fn after(mut self, count: u32) -> Self {
        self.skip = count;
        self
    }
}
