//! Duties: what one of several instances does for all. Held like a lease, renewed long before it ends, given up at the orderly end. An instance that has
//! the store to itself has every duty, and asks nobody.
//!
//! Whoever was paused may believe for a moment that it still holds what another has taken over. The store refuses what it would then do harm with; see
//! [`leadgate_store::duties`].

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use leadgate_store::StoreError;

use crate::engine::Engine;

/// How long a duty is held without a word: so late may others notice that its holder died.
const LASTS: SignedDuration = SignedDuration::from_secs(30);
/// It is renewed when so much of it is left.
const RENEWED_WITH: SignedDuration = SignedDuration::from_secs(20);
/// How often to ask for a duty that another holds.
const ASKED_EVERY: SignedDuration = SignedDuration::from_secs(1);

/// Whether a duty is this instance's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    /// Another does it.
    No,
    /// It is, and another may have done it in between: what is remembered of it must be read from the store.
    Anew,
    /// It is, as it was before.
    Still,
}

impl Held {
    pub(crate) fn is_held(self) -> bool {
        self != Held::No
    }
}

/// What this instance knows of each duty.
#[derive(Default)]
pub(crate) struct Duties(Mutex<BTreeMap<&'static str, Tenure>>);

#[derive(Clone, Copy)]
enum Tenure {
    Held {
        until: Timestamp,
    },
    /// `wanted`: it was wanted since, without asking.
    Refused {
        ask_at: Timestamp,
        wanted: bool,
    },
}

impl Duties {
    fn tenures(&self) -> MutexGuard<'_, BTreeMap<&'static str, Tenure>> {
        // A panic while the lock was held leaves a map that is still whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tenure(&self, duty: &str) -> Option<Tenure> {
        self.tenures().get(duty).copied()
    }

    /// The store said that another holds it.
    pub(crate) fn lost(&self, duty: &'static str) {
        self.tenures().remove(duty);
    }
}

impl Engine {
    /// Takes a duty, or renews it in time.
    pub(crate) async fn hold_duty(&self, duty: &'static str) -> Result<Held, StoreError> {
        if self.shared.settings.is_alone() {
            return Ok(Held::Still);
        }
        let now = self.now();
        let tenure = self.shared.duties.tenure(duty);
        match tenure {
            Some(Tenure::Held { until }) if now < until && until.duration_since(now) > RENEWED_WITH => {
                return Ok(Held::Still);
            }
            Some(Tenure::Refused { ask_at, .. }) if now < ask_at && ask_at.duration_since(now) <= ASKED_EVERY => {
                self.shared.duties.tenures().insert(duty, Tenure::Refused { ask_at, wanted: true });
                return Ok(Held::No);
            }
            _ => {}
        }
        let until = now.saturating_add(LASTS).unwrap_or(Timestamp::MAX);
        let is_held = self.shared.store.hold_duty(duty, &self.shared.settings.worker, until, now).await?;
        let ask_at = now.saturating_add(ASKED_EVERY).unwrap_or(Timestamp::MAX);
        let after = if is_held { Tenure::Held { until } } else { Tenure::Refused { ask_at, wanted: false } };
        self.shared.duties.tenures().insert(duty, after);
        Ok(match tenure {
            _ if !is_held => Held::No,
            Some(Tenure::Held { until }) if now < until => Held::Still,
            _ => Held::Anew,
        })
    }

    /// Whether this instance has the duty, as far as it knows without asking.
    pub(crate) fn has_duty(&self, duty: &str) -> bool {
        self.shared.settings.is_alone()
            || matches!(self.shared.duties.tenure(duty), Some(Tenure::Held { until }) if self.now() < until)
    }

    /// When to ask again for a duty that another holds, as far as is known.
    pub(crate) fn duty_asked_at(&self, duty: &str) -> Option<Timestamp> {
        match self.shared.duties.tenure(duty) {
            Some(Tenure::Refused { ask_at, .. }) => Some(ask_at),
            _ => None,
        }
    }

    /// When to ask for a duty that was wanted while it was not asked for: whoever holds it may have given it away since.
    pub(crate) fn duty_wanted_at(&self, duty: &str) -> Option<Timestamp> {
        match self.shared.duties.tenure(duty) {
            Some(Tenure::Refused { ask_at, wanted: true }) => Some(ask_at),
            _ => None,
        }
    }

    /// Tells the other instances what is new, and lets them have the duties at once.
    pub(crate) async fn leave_to_others(&self) -> Result<(), StoreError> {
        if self.shared.settings.is_alone() {
            return Ok(());
        }
        self.shared.budget.keep(&*self.shared.store, self.now()).await?;
        self.shared.store.give_up_duties(&self.shared.settings.worker).await?;
        self.shared.duties.tenures().clear();
        self.shared.store.leave(&self.shared.settings.worker).await
    }
}
