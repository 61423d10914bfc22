//! The account's request quota: two fixed windows aligned to the clock's hour and minute, shared by every caller.
//!
//! A refused request does not count. Headers describe the hour window, except on a refusal by the minute window.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Plan;

/// How much of the quota is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct QuotaState {
    /// Requests allowed in a clock hour; absent where the plan has no quota.
    pub hour_limit: Option<u32>,
    /// Requests allowed in a clock minute; absent where the plan has no quota.
    pub minute_limit: Option<u32>,
    /// Requests counted in the current hour.
    pub hour_used: u32,
    /// Requests counted in the current minute.
    pub minute_used: u32,
    /// When the hour window starts again.
    pub resets: Timestamp,
    /// When the minute window starts again.
    pub minute_resets: Timestamp,
}

/// What the `x-ratelimit-*` headers say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RateHeaders {
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    pub(crate) reset: Timestamp,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Window {
    seconds: i64,
    start: i64,
    used: u32,
}

impl Window {
    fn roll(&mut self, now: Timestamp) {
        let start = now.as_second().div_euclid(self.seconds) * self.seconds;
        if start != self.start {
            self.start = start;
            self.used = 0;
        }
    }

    fn end(&self) -> Timestamp {
        Timestamp::from_second(self.start.saturating_add(self.seconds)).unwrap_or(Timestamp::MAX)
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Quota {
    plan: Plan,
    hour: Window,
    minute: Window,
    refused: u64,
}

impl Quota {
    pub(crate) fn new(plan: Plan) -> Self {
        let window = |seconds| Window { seconds, start: 0, used: 0 };
        Self { plan, hour: window(3600), minute: window(60), refused: 0 }
    }

    pub(crate) fn set_plan(&mut self, plan: Plan) {
        self.plan = plan;
    }

    pub(crate) fn plan(&self) -> Plan {
        self.plan
    }

    /// Counts one request, or says which window refuses it.
    pub(crate) fn take(&mut self, now: Timestamp) -> Result<Option<RateHeaders>, RateHeaders> {
        self.roll(now);
        let Some((hour, minute)) = self.plan.limits() else {
            self.count(1);
            return Ok(None);
        };
        let exhausted = if self.hour.used >= hour {
            Some((hour, &self.hour))
        } else {
            (self.minute.used >= minute).then_some((minute, &self.minute))
        };
        if let Some((limit, window)) = exhausted {
            let headers = RateHeaders { limit, remaining: 0, reset: window.end() };
            self.refused += 1;
            return Err(headers);
        }
        self.count(1);
        Ok(self.headers())
    }

    /// Takes up to `wanted` requests for another tool; returns how many the quota allowed.
    pub(crate) fn drain(&mut self, wanted: u32, now: Timestamp) -> u32 {
        self.roll(now);
        let free = self.plan.limits().map_or(wanted, |(hour, minute)| {
            hour.saturating_sub(self.hour.used).min(minute.saturating_sub(self.minute.used))
        });
        let taken = wanted.min(free);
        self.count(taken);
        taken
    }

    /// Forgets what was used in both windows.
    pub(crate) fn refill(&mut self) {
        (self.hour.used, self.minute.used) = (0, 0);
    }

    pub(crate) fn state(&mut self, now: Timestamp) -> QuotaState {
        self.roll(now);
        let limits = self.plan.limits();
        QuotaState {
            hour_limit: limits.map(|(hour, _)| hour),
            minute_limit: limits.map(|(_, minute)| minute),
            hour_used: self.hour.used,
            minute_used: self.minute.used,
            resets: self.hour.end(),
            minute_resets: self.minute.end(),
        }
    }

    pub(crate) fn refused(&self) -> u64 {
        self.refused
    }

    /// What an injected 429 says: the hour window, spent, starting again after so many whole seconds.
    pub(crate) fn injected(&self, now: Timestamp, after_seconds: u32) -> RateHeaders {
        let limit = self.plan.limits().map_or(1000, |(hour, _)| hour);
        let second = Timestamp::from_second(now.as_second()).unwrap_or(now);
        let reset = second.checked_add(SignedDuration::from_secs(i64::from(after_seconds))).unwrap_or(Timestamp::MAX);
        RateHeaders { limit, remaining: 0, reset }
    }

    fn headers(&self) -> Option<RateHeaders> {
        let (limit, _) = self.plan.limits()?;
        Some(RateHeaders { limit, remaining: limit.saturating_sub(self.hour.used), reset: self.hour.end() })
    }

    fn roll(&mut self, now: Timestamp) {
        self.hour.roll(now);
        self.minute.roll(now);
    }

    fn count(&mut self, requests: u32) {
        self.hour.used = self.hour.used.saturating_add(requests);
        self.minute.used = self.minute.used.saturating_add(requests);
    }
}
