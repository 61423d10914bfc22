//! What the engine may be told.

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use leadgate_core::budget::BudgetSettings;
use leadgate_core::intake::ReadingRules;
use leadgate_core::retention::Retention;
use leadgate_core::retry::RetryPolicy;

/// How the engine works.
#[derive(Clone, Debug)]
pub struct EngineSettings {
    /// The name under which jobs are leased: one per instance, and another one after each start.
    pub worker: String,
    /// `None`: this process has the store to itself. Else other instances may use the same store, and what they put there is counted anew that often, at most.
    pub polls_every: Option<SignedDuration>,
    /// Requests to the CRM under way at once, at most.
    pub concurrency: usize,
    /// Jobs of each lane that are planned ahead of the work, at most. The rest stays in the inbox, where it costs nothing.
    pub plan_ahead: u32,
    /// From how many open jobs of a lane on calls are packed, where that saves requests.
    pub pack_from: usize,
    /// How long a lease lasts. Longer than a call can take.
    pub lease: SignedDuration,
    /// How long a request can take from its beginning to its last effect: what another instance was writing when it was taken for dead may land that late.
    pub request: SignedDuration,
    /// How long what was written or read of an identity is believed.
    pub known_for: SignedDuration,
    /// Nothing from before this moment is believed of an identity: the account was emptied or exchanged then.
    pub known_not_before: Option<Timestamp>,
    /// The copy of the account that is asked who is there before the account is.
    pub matching: Option<MatchByCopy>,
    /// When to try again.
    pub retry: RetryPolicy,
    /// How much the account may be asked.
    pub budget: BudgetSettings,
    /// How long the past is kept.
    pub retention: Retention,
    /// How bodies are read.
    pub reading: ReadingRules,
    /// The loop ends by itself when nothing is due for so long. `None`: it works until it is told to stop.
    pub ends_at_rest: Option<SignedDuration>,
    /// It works for one account of many in this process: what the account names itself, such as its destinations, is no label of a metric, and work on
    /// many rows is done in batches with rests.
    pub is_one_of_many: bool,
    /// Fixes the jitter, for tests.
    pub jitter_seed: Option<u64>,
}

/// A copy of the account that people and companies are looked for in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchByCopy {
    /// The file that it is in, if there is one.
    pub copy: PathBuf,
    /// How long what was read is taken for what the account has. Shorter than `known_for`: what the gateway wrote since is remembered so long.
    pub believed_for: SignedDuration,
}

impl Default for EngineSettings {
    fn default() -> Self {
        EngineSettings {
            worker: "leadgate".to_owned(),
            polls_every: None,
            concurrency: 8,
            plan_ahead: 2_500,
            pack_from: 20,
            lease: SignedDuration::from_secs(120),
            request: SignedDuration::from_secs(30),
            known_for: SignedDuration::from_hours(1),
            known_not_before: None,
            matching: None,
            retry: RetryPolicy::default(),
            budget: BudgetSettings::default(),
            retention: Retention::default(),
            reading: ReadingRules::default(),
            ends_at_rest: None,
            is_one_of_many: false,
            jitter_seed: None,
        }
    }
}

impl EngineSettings {
    /// Whether this process has the store to itself.
    pub(crate) fn is_alone(&self) -> bool {
        self.polls_every.is_none()
    }

    /// Since when what was learned of an identity is believed.
    pub(crate) fn known_since(&self, now: Timestamp) -> Timestamp {
        let believed_since = now.saturating_sub(self.known_for).unwrap_or(Timestamp::MIN);
        self.known_not_before.map_or(believed_since, |moment| moment.max(believed_since))
    }
}
