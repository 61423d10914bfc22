//! What a broker remembers: replies, and which reads are under way.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use leadgate_core::broker::{CacheLimits, RawReply, ReplyCache};
use tokio::sync::watch;

use super::flight::{Landing, Landings};

pub(super) struct Memory {
    replies: ReplyCache,
    flights: HashMap<String, (u64, Landings)>,
    last_flight: u64,
    /// Counts how often everything was forgotten.
    epoch: u64,
}

/// A read under way, as its task knows it.
pub(super) struct Ticket {
    key: String,
    flight: u64,
    epoch: u64,
}

impl Memory {
    pub(super) fn new(limits: CacheLimits) -> Memory {
        Memory { replies: ReplyCache::new(limits), flights: HashMap::new(), last_flight: 0, epoch: 0 }
    }

    pub(super) fn remembered(&self, key: &str, now: Timestamp) -> Option<(Arc<RawReply>, SignedDuration)> {
        self.replies.get(key, now)
    }

    pub(super) fn under_way(&self, key: &str) -> Option<Landings> {
        self.flights.get(key).map(|(_, landings)| landings.clone())
    }

    /// Begins a read, which others can join from now on.
    pub(super) fn begin(&mut self, key: String) -> (Ticket, Landings, watch::Sender<Option<Arc<Landing>>>) {
        let (land, landings) = watch::channel(None);
        self.last_flight += 1;
        self.flights.insert(key.clone(), (self.last_flight, landings.clone()));
        (Ticket { key, flight: self.last_flight, epoch: self.epoch }, landings, land)
    }

    /// Ends a read. Its reply is remembered if that is wanted and nothing was forgotten since it began.
    pub(super) fn end(&mut self, ticket: Ticket, to_remember: Option<Arc<RawReply>>, now: Timestamp) {
        let Ticket { key, flight, epoch } = ticket;
        if self.flights.get(&key).is_some_and(|(current, _)| *current == flight) {
            self.flights.remove(&key);
        }
        if let Some(reply) = to_remember.filter(|_| epoch == self.epoch) {
            self.replies.put(key, reply, now);
        }
    }

    /// A write ended: what is under way may show what was before it.
    pub(super) fn written(&mut self, changes_selectors: bool) {
        self.flights.clear();
        if changes_selectors {
            self.replies.clear();
            self.epoch += 1;
        }
    }
}
