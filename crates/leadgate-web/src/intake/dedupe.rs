//! What a repeat is recognised by: digests over the caller, the route and either the idempotency key or the body's exact bytes.

use leadgate_core::intake::EventItem;
use leadgate_core::submission::{RawSubmission, Route, SubmissionId};
use leadgate_store::model::{Dedupe, Digest};
use sha2::{Digest as _, Sha256};

use crate::state::WebSettings;

/// The digests of a submission.
pub(crate) fn of(
    (id, caller): (SubmissionId, &Digest),
    raw: &RawSubmission,
    key: Option<&str>,
    settings: &WebSettings,
) -> Dedupe {
    let route = raw.route.name().as_bytes();
    let target = raw.target.map(i64::to_be_bytes);
    let target = target.as_ref().map_or(&[][..], |bytes| bytes);
    match key {
        // The deal in the path goes with the body: a key that is used for two deals is a mistake, like one that is used for two bodies.
        Some(key) => Dedupe::Key {
            key: digest(&[caller, route, key.as_bytes()]),
            body: digest(&[target, &raw.body]),
            within: settings.key_window,
        },
        // To move a deal there, back and there again within the window is three moves, and moving it there twice is moving it once.
        None if matches!(raw.route, Route::Stage | Route::GuideStage) => {
            Dedupe::Content { content: digest(&[id.0.as_bytes()]), within: settings.content_window }
        }
        None => {
            Dedupe::Content { content: digest(&[caller, route, target, &raw.body]), within: settings.content_window }
        }
    }
}

/// The digests of an event. Its reporter's id says what it is, whatever else it holds: a library that sends an event again stamps it anew.
/// Without an id it is its bytes as sent that count.
pub(super) fn of_event(caller: &Digest, item: &EventItem<'_>, settings: &WebSettings) -> Dedupe {
    let route = Route::Event.name().as_bytes();
    match &item.id {
        Some(id) => Dedupe::Key {
            key: digest(&[caller, route, b"id", id.as_bytes()]),
            body: Digest::default(),
            within: settings.key_window,
        },
        None => Dedupe::Content {
            content: digest(&[caller, route, item.label.as_bytes(), item.sent.as_bytes()]),
            within: settings.content_window,
        },
    }
}

/// Each part goes in after its length, so that no two lists of parts run together.
fn digest(parts: &[&[u8]]) -> Digest {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    let mut digest = Digest::default();
    digest.copy_from_slice(&hasher.finalize()[..16]);
    digest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Access;

    fn dedupe(caller: u8, route: Route, target: Option<i64>, key: Option<&str>) -> Dedupe {
        let id = SubmissionId(uuid::Uuid::from_u128(u128::from(caller) + 256));
        let raw = RawSubmission::new(route, target, b"{}".to_vec());
        of((id, &[caller; 16]), &raw, key, &WebSettings::new(Access::OpenToAnyone))
    }

    #[test]
    fn parts_do_not_run_together() {
        assert_ne!(digest(&[b"ab", b"c"]), digest(&[b"a", b"bc"]));
        assert_ne!(digest(&[b"ab"]), digest(&[b"ab", b""]));
    }

    #[test]
    fn callers_and_routes_are_told_apart() {
        let first = dedupe(1, Route::Lead, None, None);
        assert_eq!(first, dedupe(1, Route::Lead, None, None));
        assert_ne!(first, dedupe(2, Route::Lead, None, None));
        assert_ne!(first, dedupe(1, Route::GuideLead, None, None));
    }

    #[test]
    fn a_move_is_never_taken_for_a_repeat() {
        assert_ne!(dedupe(1, Route::Stage, Some(7), None), dedupe(2, Route::Stage, Some(7), None));
    }

    #[test]
    fn a_key_used_for_two_deals_is_the_same_key_with_another_body() {
        let Dedupe::Key { key, body, .. } = dedupe(1, Route::Stage, Some(7), Some("k")) else { panic!("no key") };
        let Dedupe::Key { key: same, body: other, .. } = dedupe(1, Route::Stage, Some(8), Some("k")) else {
            panic!("no key")
        };
        assert_eq!(key, same);
        assert_ne!(body, other);
    }
}
