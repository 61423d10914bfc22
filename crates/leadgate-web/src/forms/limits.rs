//! How often one address, and one e-mail domain, may post to a form.
//!
//! Counted in this process's memory and of a fixed size: a sender is one of so many slots by a digest that nobody outside can work out, so that a
//! flood of addresses takes no more memory than a few. Two senders in one slot share its rate, which is as rare as the slots are many.

use std::collections::BTreeMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hash};
use std::net::IpAddr;
use std::sync::Arc;

use governor::clock::{Clock as GovernorClock, Reference as _};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use leadgate_core::clock::Clock;
use leadgate_core::forms::{Forms, Rate};

use crate::error::ApiError;

/// How many senders are told apart.
const SLOTS: u64 = 1 << 18;

/// The gateway's clock, as the limiter wants it.
#[derive(Clone)]
struct LimitClock(Arc<dyn Clock>);

impl GovernorClock for LimitClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::from(u64::try_from(self.0.now().as_nanosecond()).unwrap_or_default())
    }
}

type Limiter = RateLimiter<u64, HashMapStateStore<u64>, LimitClock, NoOpMiddleware<Nanos>>;

/// The counts of every form. Clones count together.
#[derive(Clone)]
pub(crate) struct FormLimits(Arc<BTreeMap<String, Limits>>);

struct Limits {
    per_address: Option<Limited>,
    per_email_domain: Option<Limited>,
}

struct Limited {
    limiter: Limiter,
    clock: LimitClock,
    slots: RandomState,
}

impl FormLimits {
    pub(crate) fn new(forms: &Forms, clock: &Arc<dyn Clock>) -> FormLimits {
        let limited = |rate| Limited::new(rate, LimitClock(Arc::clone(clock)));
        let of = |(name, form): (&str, &leadgate_core::forms::Form)| {
            let per_address = form.per_address.map(limited);
            (name.to_owned(), Limits { per_address, per_email_domain: form.per_email_domain.map(limited) })
        };
        FormLimits(Arc::new(forms.iter().map(of).collect()))
    }

    /// Counts a post of this address.
    pub(super) fn count_address(&self, form: &str, address: IpAddr) -> Result<(), ApiError> {
        self.0.get(form).and_then(|limits| limits.per_address.as_ref()).map_or(Ok(()), |limited| limited.count(address))
    }

    /// Counts a post that names an e-mail address of this domain.
    pub(super) fn count_domain(&self, form: &str, domain: &str) -> Result<(), ApiError> {
        let limits = self.0.get(form).and_then(|limits| limits.per_email_domain.as_ref());
        limits.map_or(Ok(()), |limited| limited.count(domain))
    }
}

impl Limited {
    fn new(rate: Rate, clock: LimitClock) -> Limited {
        // More than one in a nanosecond is no limit that anybody could notice.
        let quota = Quota::with_period(rate.per / rate.count.get()).unwrap_or_else(|| Quota::per_second(rate.count));
        let limiter = RateLimiter::new(quota.allow_burst(rate.count), HashMapStateStore::default(), clock.clone());
        Limited { limiter, clock, slots: RandomState::new() }
    }

    fn count(&self, sender: impl Hash) -> Result<(), ApiError> {
        let slot = self.slots.hash_one(sender) % SLOTS;
        self.limiter.check_key(&slot).map_err(|until| {
            let wait = until.earliest_possible().duration_since(self.clock.now());
            ApiError::TooManyPosts(std::time::Duration::from(wait).as_secs().saturating_add(1))
        })
    }
}
