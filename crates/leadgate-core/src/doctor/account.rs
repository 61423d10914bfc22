//! The account itself: what kind it is, how much it may still be asked, and what its clock says.

use jiff::{SignedDuration, Timestamp};

use super::Finding;
use super::codes;
use super::observed::{ClockSeen, InsideSeen, QuotaSeen};

/// Clocks that are no further apart than this do no harm.
const HARMLESS: SignedDuration = SignedDuration::from_secs(5);
/// Beyond this the end of a quota window is misread.
const HARMFUL: SignedDuration = SignedDuration::from_secs(60);
/// The share of the hour's requests below which there is little left.
const LITTLE_LEFT: f64 = 0.10;

pub(super) fn judge(seen: &InsideSeen) -> Vec<Finding> {
    let mut findings = vec![Finding::new(codes::GENERATION_KNOWN, generation(seen))];
    match &seen.quota {
        Some(quota) => findings.extend(judge_quota(quota)),
        None => findings.push(Finding::new(codes::PLAN_UNKNOWN, "no reply had x-ratelimit headers")),
    }
    findings.push(seen.clock.map_or_else(|| Finding::new(codes::CLOCK_UNKNOWN, "no reply had a date"), judge_clock));
    findings
}

fn generation(seen: &InsideSeen) -> String {
    match &seen.facts {
        Some(facts) => format!("{}; {facts}", seen.generation),
        None => seen.generation.clone(),
    }
}

fn judge_quota(quota: &QuotaSeen) -> Vec<Finding> {
    let QuotaSeen { first, last, own_first, own_between, at } = quota;
    let plan = Finding::new(codes::PLAN_KNOWN, format!("{} requests an hour: {}", last.limit, plans(last.limit)));
    let until =
        last.reset.map(|reset| format!(", the next hour begins in {}", minutes(reset, *at))).unwrap_or_default();
    let left = format!("{} of {} requests are left{until}", last.remaining, last.limit);
    let code = match (last.remaining, f64::from(last.remaining) < f64::from(last.limit) * LITTLE_LEFT) {
        (0, _) => codes::QUOTA_SPENT,
        (_, true) => codes::QUOTA_LOW,
        (_, false) => codes::QUOTA_LEFT,
    };
    // Where the hour ended in between, the second look says nothing of the first.
    let spent = first.remaining.checked_sub(last.remaining);
    let others = spent.map(|spent| spent.saturating_sub(*own_between)).filter(|others| *others > 0);
    let used_before = first.limit.saturating_sub(first.remaining).saturating_sub(*own_first);
    let sharing = match others {
        Some(others) => {
            let seen = format!("{others} request(s) by others while this command made {own_between}");
            Finding::new(codes::QUOTA_SHARED, seen)
        }
        None => {
            let seen =
                format!("nobody else while this command made {own_between}; {used_before} were used this hour before");
            Finding::new(codes::QUOTA_ALONE, seen)
        }
    };
    vec![plan, Finding::new(code, left), sharing]
}

/// Source: official support articles "API request limits" of both generations.
fn plans(limit: u32) -> &'static str {
    match limit {
        1000 => "Free or Growth (Suite), Blossom or Garden (Classic)",
        2000 => "Pro (Suite), Estate (Classic)",
        5000 => "Enterprise (Suite), Forest (Classic)",
        _ => "no plan that is published",
    }
}

fn minutes(reset: Timestamp, at: Timestamp) -> String {
    let left = reset.duration_since(at).as_secs().max(0);
    format!("{} min", left.saturating_add(59) / 60)
}

/// A skew below what the way of the request and whole seconds can explain is none.
pub(super) fn judge_clock(clock: ClockSeen) -> Finding {
    let certain = (clock.ahead.abs() - clock.uncertainty).max(SignedDuration::ZERO);
    let direction = if clock.ahead.is_negative() { "behind" } else { "ahead of" };
    let seconds = (clock.ahead.abs().as_secs_f64()).round();
    match () {
        () if certain > HARMFUL => {
            Finding::new(codes::CLOCK_WRONG, format!("the account's clock is {seconds} s {direction} this machine's"))
        }
        () if certain > HARMLESS => {
            Finding::new(codes::CLOCK_OFF, format!("the account's clock is {seconds} s {direction} this machine's"))
        }
        () => Finding::new(codes::CLOCK_RIGHT, format!("no more than {} s apart", HARMLESS.as_secs())),
    }
}
