//! The client's error classes and quota headers in the gateway's words.

use std::time::Duration;

use freshsales::error::{FieldHint, Sentences};
use freshsales::{Error, ErrorClass, ResponseMeta};
use jiff::{SignedDuration, Timestamp};
use leadgate_core::crm::{CrmFailure, QuotaReading};
use leadgate_core::record::field;

/// The window is an hour; an end further away than that, with a minute for clocks, was written in another zone.
const LONGEST_WINDOW: SignedDuration = SignedDuration::from_mins(61);
/// A reply can be on its way when its window ends. So short a time ago an end is believed as it stands: read in another zone, it would be half an
/// hour ahead, and the account would be left alone for as long.
const JUST_ENDED: SignedDuration = SignedDuration::from_mins(1);

/// How long to leave an account alone that refuses for quota without saying until when.
const A_WHILE: SignedDuration = SignedDuration::from_secs(60);
/// How long to leave it alone at least: where clocks differ, a window that seems to have ended still refuses for a moment.
const A_MOMENT: SignedDuration = SignedDuration::from_secs(2);

pub(crate) fn failure_of(error: &Error, now: Timestamp) -> CrmFailure {
    let told = || error.to_string();
    match error.class() {
        ErrorClass::Auth => CrmFailure::Auth(told()),
        ErrorClass::WrongAccount => CrmFailure::WrongAccount(told()),
        ErrorClass::Forbidden => CrmFailure::Forbidden(told()),
        ErrorClass::NotFound => CrmFailure::NotFound,
        ErrorClass::Validation { sentences, fields } => {
            CrmFailure::Invalid { sentences: owned(sentences), fields: named(fields, sentences) }
        }
        ErrorClass::NotUnique { field, .. } => CrmFailure::NotUnique { field: field.as_deref().map(own_name) },
        ErrorClass::StaleId { sentences, .. } => CrmFailure::StaleId { sentences: owned(sentences) },
        ErrorClass::QuotaExceeded { .. } => CrmFailure::Quota { until: Some(quota_until(error.meta(), now)) },
        ErrorClass::EdgeThrottled { retry_after } => throttled(*retry_after),
        ErrorClass::BusyTryLater => CrmFailure::Busy,
        ErrorClass::Transient | ErrorClass::Setup { .. } => CrmFailure::Transient(told()),
        ErrorClass::OutcomeUnknown => CrmFailure::OutcomeUnknown(told()),
        ErrorClass::ListCutShort { first_missing, pages } => CrmFailure::Incomplete(format!(
            "it says that there are {pages} pages of {} and gives none from page {first_missing} on",
            error.path()
        )),
        ErrorClass::Malformed { .. } => CrmFailure::Malformed(told()),
        _ => CrmFailure::Invalid { sentences: vec![told()], fields: Vec::new() },
    }
}

/// What a class tells of the account or the way to it; nothing where only what was asked is refused.
pub(crate) fn trouble_of(class: &ErrorClass, meta: &ResponseMeta, now: Timestamp) -> Option<CrmFailure> {
    let told = || "a request that was passed through".to_owned();
    match class {
        ErrorClass::QuotaExceeded { .. } => Some(CrmFailure::Quota { until: Some(quota_until(meta, now)) }),
        ErrorClass::EdgeThrottled { retry_after } => Some(throttled(*retry_after)),
        ErrorClass::Transient => Some(CrmFailure::Transient(told())),
        ErrorClass::OutcomeUnknown => Some(CrmFailure::OutcomeUnknown(told())),
        _ => None,
    }
}

fn throttled(retry_after: Option<Duration>) -> CrmFailure {
    CrmFailure::Throttled { wait: retry_after.and_then(|wait| SignedDuration::try_from(wait).ok()) }
}

fn owned(sentences: &Sentences) -> Vec<String> {
    sentences.to_vec()
}

/// The fields that a refusal is about: named by it, or recognised in its sentences by the field's own name.
fn named(hints: &[FieldHint], sentences: &Sentences) -> Vec<String> {
    let mut fields: Vec<String> = hints.iter().map(|hint| own_name(&hint.field)).collect();
    let known = [field::MOBILE, field::SOURCE_ID, field::CAMPAIGN_ID, field::OWNER_ID, field::LIFECYCLE_STAGE_ID];
    for name in known {
        if sentences.iter().any(|sentence| sentence.contains(name)) && !fields.iter().any(|held| held == name) {
            fields.push(name.to_owned());
        }
    }
    fields
}

fn own_name(crm_name: &str) -> String {
    match crm_name {
        "emails" | "email" => field::EMAIL.to_owned(),
        "sales_accounts" | "sales_account_id" => field::COMPANY_ID.to_owned(),
        other => other.to_owned(),
    }
}

pub(crate) fn quota_of(meta: &ResponseMeta, now: Timestamp) -> Option<QuotaReading> {
    let told = meta.rate_limit.as_ref()?;
    Some(QuotaReading {
        limit: u32::try_from(told.limit?).ok()?,
        remaining: u32::try_from(told.remaining?).ok()?,
        reset: reset_of(meta, now),
    })
}

/// Until when a spent quota keeps: to the end of its window if the headers say that it is spent, else for a minute, after which one more request tells.
fn quota_until(meta: &ResponseMeta, now: Timestamp) -> Timestamp {
    let spent = meta.rate_limit.as_ref().is_some_and(|quota| quota.remaining == Some(0));
    let end = reset_of(meta, now).filter(|_| spent).map(|end| end.max(later(now, A_MOMENT)));
    end.unwrap_or_else(|| later(now, A_WHILE))
}

fn later(now: Timestamp, wait: SignedDuration) -> Timestamp {
    now.saturating_add(wait).unwrap_or(now)
}

/// When the window ends. The text has no zone: UTC if that makes sense, else the nearest moment within an hour that it can mean.
fn reset_of(meta: &ResponseMeta, now: Timestamp) -> Option<Timestamp> {
    let told = meta.rate_limit.as_ref()?;
    let is_near = |reset: &Timestamp| (-JUST_ENDED..=LONGEST_WINDOW).contains(&reset.duration_since(now));
    let as_utc = told.reset.filter(is_near);
    as_utc.or_else(|| told.plausible_reset(now))
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, StatusCode};
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::ahead("2026-06-15T14:59:00Z", "2026-06-15T15:00:00Z")]
    #[case::ended_while_the_reply_was_under_way("2026-06-15T15:00:00.04Z", "2026-06-15T15:00:00Z")]
    #[case::written_in_another_zone("2026-06-15T09:10:00Z", "2026-06-15T09:30:00Z")]
    fn the_end_of_the_window(#[case] now: &str, #[case] expected: &str) {
        let headers =
            HeaderMap::from_iter([("x-ratelimit-reset".parse().unwrap(), HeaderValue::from_static("150626150000"))]);
        let now: Timestamp = now.parse().unwrap();
        let meta = ResponseMeta::read(StatusCode::TOO_MANY_REQUESTS, &headers, now, Duration::ZERO);
        assert_eq!(reset_of(&meta, now), Some(expected.parse().unwrap()));
    }
}
