//! The `Prefer` header (RFC 7240): how long a caller wants to wait for the end.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::state::WebSettings;

pub(super) const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");
const PREFER: &str = "prefer";

/// What a caller wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Preference {
    /// How long to wait for the end.
    pub(super) patience: Duration,
    /// What of the header was followed.
    pub(super) applied: Option<HeaderValue>,
}

impl Preference {
    /// The same for a route where nobody waits unasked.
    pub(super) fn without_patience(self) -> Preference {
        Preference { patience: Duration::ZERO, ..self }
    }
}

/// Reads the header. What is not understood is passed over, as the standard wants it.
pub(super) fn read(headers: &HeaderMap, settings: &WebSettings) -> Preference {
    let (mut wait, mut asynchronous) = (None, false);
    for value in headers.get_all(PREFER).iter().filter_map(|value| value.to_str().ok()) {
        for preference in value.split(',') {
            let (name, value) = name_and_value(preference);
            if name.eq_ignore_ascii_case("respond-async") {
                asynchronous = true;
            } else if name.eq_ignore_ascii_case("wait") {
                // Of several the first counts.
                wait = wait.or_else(|| seconds(value));
            }
        }
    }
    decide(wait, asynchronous, settings)
}

/// Together they mean: wait so long, then answer without the end.
fn decide(wait: Option<Duration>, asynchronous: bool, settings: &WebSettings) -> Preference {
    let wait = wait.map(|wait| wait.min(settings.longest_patience));
    let applied = match (wait, asynchronous) {
        (None, false) => None,
        (None, true) => Some(HeaderValue::from_static("respond-async")),
        (Some(wait), false) => HeaderValue::from_str(&format!("wait={}", wait.as_secs())).ok(),
        (Some(wait), true) => HeaderValue::from_str(&format!("respond-async, wait={}", wait.as_secs())).ok(),
    };
    let unasked = if asynchronous { Duration::ZERO } else { settings.patience };
    Preference { patience: wait.unwrap_or(unasked), applied }
}

fn name_and_value(preference: &str) -> (&str, &str) {
    let without_parameters = preference.split(';').next().unwrap_or_default();
    let (name, value) = without_parameters.split_once('=').unwrap_or((without_parameters, ""));
    (name.trim(), value.trim().trim_matches('"'))
}

fn seconds(text: &str) -> Option<Duration> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // More seconds than fit is as long as is allowed.
    digits.then(|| Duration::from_secs(text.parse().unwrap_or(u64::from(u32::MAX))))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::state::Access;

    #[rstest]
    #[case(&[], 10, None)]
    #[case(&["respond-async"], 0, Some("respond-async"))]
    #[case(&["Respond-Async; foo=bar"], 0, Some("respond-async"))]
    #[case(&["wait=3"], 3, Some("wait=3"))]
    #[case(&["wait=\"3\""], 3, Some("wait=3"))]
    #[case(&["wait=0"], 0, Some("wait=0"))]
    #[case(&["wait=9000"], 60, Some("wait=60"))]
    #[case(&["wait=99999999999999999999999"], 60, Some("wait=60"))]
    #[case(&["respond-async, wait=5"], 5, Some("respond-async, wait=5"))]
    #[case(&["respond-async", "wait=5"], 5, Some("respond-async, wait=5"))]
    #[case(&["wait=1, wait=2"], 1, Some("wait=1"))]
    #[case(&["wait=-1"], 10, None)]
    #[case(&["wait"], 10, None)]
    #[case(&["return=minimal"], 10, None)]
    fn patience(#[case] sent: &[&str], #[case] seconds: u64, #[case] applied: Option<&str>) {
        let mut headers = HeaderMap::new();
        for value in sent {
            headers.append(PREFER, HeaderValue::from_str(value).unwrap());
        }
        let preference = read(&headers, &WebSettings::new(Access::OpenToAnyone));
        assert_eq!(preference.patience, Duration::from_secs(seconds));
        assert_eq!(preference.applied.as_ref().map(|value| value.to_str().unwrap()), applied);
    }
}
