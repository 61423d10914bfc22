//! Replies that are remembered for a while, bounded in number and in bytes. The oldest goes first.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::RawReply;

/// What may be remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheLimits {
    /// For how long; nothing at all where that is no time.
    pub keep: SignedDuration,
    /// Replies, at most.
    pub replies: usize,
    /// Bytes of bodies and keys, at most.
    pub bytes: usize,
}

/// Replies by what was asked.
pub struct ReplyCache {
    limits: CacheLimits,
    kept: HashMap<String, Kept>,
    /// Their keys, the oldest first.
    order: VecDeque<String>,
    bytes: usize,
}

struct Kept {
    reply: Arc<RawReply>,
    at: Timestamp,
}

impl ReplyCache {
    /// One that remembers nothing yet.
    pub fn new(limits: CacheLimits) -> ReplyCache {
        ReplyCache { limits, kept: HashMap::new(), order: VecDeque::new(), bytes: 0 }
    }

    /// The reply that is remembered and its age, unless it is too old, or from a time to come.
    pub fn get(&self, key: &str, now: Timestamp) -> Option<(Arc<RawReply>, SignedDuration)> {
        let kept = self.kept.get(key)?;
        let age = now.duration_since(kept.at);
        (!age.is_negative() && age < self.limits.keep).then(|| (Arc::clone(&kept.reply), age))
    }

    /// Remembers a reply.
    pub fn put(&mut self, key: String, reply: Arc<RawReply>, now: Timestamp) {
        let bytes = weight(&key, &reply);
        if self.limits.keep <= SignedDuration::ZERO || bytes > self.limits.bytes {
            return;
        }
        self.remove(&key);
        self.bytes += bytes;
        self.order.push_back(key.clone());
        self.kept.insert(key, Kept { reply, at: now });
        while self.kept.len() > self.limits.replies || self.bytes > self.limits.bytes {
            self.remove_oldest();
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.kept.clear();
        self.order.clear();
        self.bytes = 0;
    }

    fn remove_oldest(&mut self) {
        let Some(key) = self.order.front().cloned() else { return self.clear() };
        self.remove(&key);
    }

    fn remove(&mut self, key: &str) {
        if let Some(kept) = self.kept.remove(key) {
            self.bytes -= weight(key, &kept.reply);
            self.order.retain(|other| other != key);
        }
    }
}

fn weight(key: &str, reply: &RawReply) -> usize {
    key.len() + reply.body.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn reply(bytes: usize) -> Arc<RawReply> {
        Arc::new(RawReply { status: 200, headers: Vec::new(), body: vec![b'x'; bytes] })
    }

    fn cache(keep: i64) -> ReplyCache {
        ReplyCache::new(CacheLimits { keep: SignedDuration::from_secs(keep), replies: 3, bytes: 100 })
    }

    fn held(cache: &ReplyCache, now: i64) -> String {
        ["a", "b", "c", "d"].into_iter().filter(|key| cache.get(key, at(now)).is_some()).collect()
    }

    #[test]
    fn a_reply_is_remembered_for_its_time() {
        let mut cache = cache(60);
        cache.put("a".to_owned(), reply(1), at(100));
        let age = |now| cache.get("a", at(now)).map(|(_, age)| age.as_secs());
        assert_eq!([age(100), age(159), age(160), age(99)], [Some(0), Some(59), None, None]);
    }

    #[test]
    fn without_a_time_nothing_is_remembered() {
        let mut cache = cache(0);
        cache.put("a".to_owned(), reply(1), at(100));
        assert_eq!(held(&cache, 100), "");
    }

    #[test]
    fn the_oldest_goes_when_there_are_too_many_or_too_large() {
        let mut cache = cache(60);
        for (second, key) in ["a", "b", "a", "c", "d"].into_iter().enumerate() {
            cache.put(key.to_owned(), reply(10), at(i64::try_from(second).unwrap()));
        }
        assert_eq!(held(&cache, 5), "acd");
        cache.put("b".to_owned(), reply(80), at(5));
        assert_eq!(held(&cache, 5), "bd");
        cache.put("c".to_owned(), reply(100), at(6));
        assert_eq!(held(&cache, 6), "bd", "one that fits nowhere drives nobody out");
        cache.clear();
        assert_eq!((held(&cache, 6).as_str(), cache.bytes), ("", 0));
    }
}
