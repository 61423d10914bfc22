//! Random actions against a simple model, for backends to run as a property: who is leased, when and in which order is exactly what the documentation says; no two live leases
//! share an identity; nothing is lost, not even by reopening.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use leadgate_core::job::Outcome;
use leadgate_core::lane::Lane;
use proptest::prelude::*;

use super::samples::{LEASE, accept, at, id, job_in, key, next_due, parking, planned, request, turn_under};
use crate::Store;
use crate::model::{ClaimRequest, ClaimedJob, Lease, Progress, ReleaseOutcome, Then, TurnOutcome, TurnRecord};

const KEYS: [&str; 4] = ["a", "b", "c", "d"];
const WORKERS: [&str; 2] = ["one", "two"];

/// A store that can be closed and opened again.
#[async_trait]
pub trait Reopened: Send {
    /// The store.
    fn store(&self) -> &dyn Store;

    /// Closes it and opens it again, with what it holds.
    async fn reopen(&mut self);
}

/// Something that is done to a store.
#[derive(Clone, Debug)]
pub enum Action {
    /// Accepts a submission.
    Accept,
    /// Plans so many of the unplanned, each with these identities.
    Plan {
        /// How many.
        count: u32,
        /// Places in the list of identities.
        keys: BTreeSet<usize>,
        /// The lane's rank.
        lane: usize,
    },
    /// Leases what is due.
    Claim {
        /// Place in the list of workers.
        worker: usize,
        /// So many of each lane.
        per_lane: [u32; 4],
    },
    /// Ends a turn of one of the leases ever taken, be it lost or not.
    Turn {
        /// So many before the last one.
        lease: usize,
        /// What is next.
        next: Next,
        /// A further identity.
        add: Option<usize>,
    },
    /// Releases one of the jobs ever leased.
    Release {
        /// Its place, counted around.
        job: usize,
    },
    /// Gives the leases of a worker up.
    Abandon {
        /// Place in the list of workers.
        worker: usize,
    },
    /// Lets time pass.
    Wait {
        /// How much.
        seconds: i64,
    },
    /// Closes the store and opens it again.
    Reopen,
}

/// What is next after a turn.
#[derive(Clone, Debug)]
pub enum Next {
    /// Another turn, in so many seconds.
    DueIn(i64),
    /// Nothing.
    Finish,
    /// A person.
    Park,
}

/// Any actions.
pub fn actions() -> impl Strategy<Value = Vec<Action>> {
    let keys = || prop::collection::btree_set(0..KEYS.len(), 0..3);
    let next = prop_oneof![3 => (0..40_i64).prop_map(Next::DueIn), 2 => Just(Next::Finish), 1 => Just(Next::Park)];
    let add = prop_oneof![3 => Just(None), 1 => (0..KEYS.len()).prop_map(Some)];
    let action = prop_oneof![
        4 => Just(Action::Accept),
        4 => (1..4_u32, keys(), 0..4_usize).prop_map(|(count, keys, lane)| Action::Plan { count, keys, lane }),
        5 => (0..2_usize, prop::array::uniform4(0..3_u32))
            .prop_map(|(worker, per_lane)| Action::Claim { worker, per_lane }),
        // Late leases are likelier to be live.
        6 => (0..4_usize, next, add).prop_map(|(lease, next, add)| Action::Turn { lease, next, add }),
        1 => any::<usize>().prop_map(|job| Action::Release { job }),
        1 => (0..2_usize).prop_map(|worker| Action::Abandon { worker }),
        3 => (0..50_i64).prop_map(|seconds| Action::Wait { seconds }),
        1 => Just(Action::Reopen),
    ];
    prop::collection::vec(action, 1..120)
}

#[derive(Clone, Debug)]
struct ModelJob {
    lane: usize,
    progress: Progress,
    due: i64,
    lease: Option<ModelLease>,
    abandoned: Option<i64>,
    parked_keys: Vec<usize>,
}

#[derive(Clone, Debug)]
struct ModelLease {
    worker: usize,
    number: i64,
    taken: i64,
    until: i64,
}

/// What the store should be: jobs by number, and for each identity the queue of those who hold it.
#[derive(Debug, Default)]
struct Model {
    now: i64,
    accepted: u64,
    unplanned: Vec<u64>,
    jobs: BTreeMap<u64, ModelJob>,
    queues: BTreeMap<usize, Vec<u64>>,
}

impl Model {
    fn plan(&mut self, number: u64, keys: &BTreeSet<usize>, lane: usize) {
        let progress = Progress::Working;
        let job = ModelJob { lane, progress, due: self.now, lease: None, abandoned: None, parked_keys: Vec::new() };
        self.jobs.insert(number, job);
        for key in keys {
            self.queues.entry(*key).or_default().push(number);
        }
    }

    fn keys_of(&self, number: u64) -> Vec<usize> {
        self.queues.iter().filter(|(_, queue)| queue.contains(&number)).map(|(key, _)| *key).collect()
    }

    fn is_first(&self, number: u64) -> bool {
        self.queues.values().all(|queue| queue.first() == Some(&number) || !queue.contains(&number))
    }

    fn is_claimable(&self, number: u64) -> bool {
        let job = &self.jobs[&number];
        let free = job.lease.as_ref().is_none_or(|lease| lease.until <= self.now);
        job.progress == Progress::Working && free && job.due <= self.now && self.is_first(number)
    }

    fn claim(&mut self, worker: usize, per_lane: [u32; 4], until: i64) -> Vec<u64> {
        let mut claimed = Vec::new();
        for (lane, limit) in per_lane.into_iter().enumerate() {
            let due = self.jobs.keys().filter(|number| self.jobs[number].lane == lane && self.is_claimable(**number));
            claimed.extend(due.take(limit as usize).copied());
        }
        for number in &claimed {
            let job = self.jobs.get_mut(number).unwrap();
            let lost = job.lease.take().map(|lease| (lease.taken, lease.number));
            job.abandoned = job.abandoned.or(lost.map(|(taken, _)| taken));
            job.lease = Some(ModelLease { worker, number: 0, taken: self.now, until });
        }
        claimed
    }

    /// Everyone who waits, through however many others, for this job.
    fn waiting_for(&self, number: u64) -> BTreeSet<u64> {
        let mut waiting = BTreeSet::new();
        let mut open = vec![number];
        while let Some(current) = open.pop() {
            for queue in self.queues.values() {
                let behind = queue.iter().skip_while(|other| **other != current).skip(1);
                open.extend(behind.copied().filter(|other| waiting.insert(*other)));
            }
        }
        waiting
    }

    fn add_key(&mut self, number: u64, key: usize) {
        let waiting = self.waiting_for(number);
        let queue = self.queues.entry(key).or_default();
        if queue.contains(&number) {
            return;
        }
        let (mut behind, mut ahead): (Vec<u64>, Vec<u64>) = queue.iter().partition(|other| waiting.contains(other));
        ahead.push(number);
        ahead.append(&mut behind);
        *queue = ahead;
    }

    fn leave_queues(&mut self, number: u64) {
        for queue in self.queues.values_mut() {
            queue.retain(|other| *other != number);
        }
    }

    fn finish_turn(&mut self, number: u64, next: &Next, add: Option<usize>) {
        if let Some(key) = add {
            self.add_key(number, key);
        }
        let keys = self.keys_of(number);
        let now = self.now;
        let job = self.jobs.get_mut(&number).unwrap();
        (job.lease, job.abandoned) = (None, None);
        match next {
            Next::DueIn(seconds) => job.due = now + seconds,
            Next::Finish => job.progress = Progress::Done,
            Next::Park => (job.progress, job.parked_keys) = (Progress::Parked, keys),
        }
        if !matches!(next, Next::DueIn(_)) {
            self.leave_queues(number);
        }
    }

    fn release(&mut self, number: u64) {
        let now = self.now;
        let job = self.jobs.get_mut(&number).unwrap();
        (job.progress, job.due) = (Progress::Working, now);
        for key in std::mem::take(&mut job.parked_keys) {
            self.queues.entry(key).or_default().push(number);
        }
    }

    fn abandon(&mut self, worker: usize) -> u64 {
        let now = self.now;
        let mut count = 0;
        for job in self.jobs.values_mut().filter(|job| job.lease.as_ref().is_some_and(|lease| lease.worker == worker)) {
            let taken = job.lease.take().map(|lease| lease.taken);
            (job.abandoned, job.due) = (job.abandoned.or(taken), now);
            count += 1;
        }
        count
    }

    /// When something can be claimed at the earliest; the present moment stands for all that is past.
    fn next_due(&self) -> Option<i64> {
        let waited_for =
            self.jobs.iter().filter(|(number, job)| job.progress == Progress::Working && self.is_first(**number));
        waited_for.map(|(_, job)| job.lease.as_ref().map_or(job.due, |lease| lease.until).max(self.now)).min()
    }
}

/// Does all of it to a fresh store, and compares what it answers with the model's answers; then works off what is left.
pub async fn behaves(opened: impl Reopened, actions: Vec<Action>) {
    let mut pair = Pair { opened, model: Model::default(), leases: Vec::new() };
    for action in actions {
        pair.act(action).await;
    }
    pair.work_off().await;
}

/// The store beside its model.
struct Pair<R> {
    opened: R,
    model: Model,
    /// Every lease ever taken, with the number of its submission.
    leases: Vec<(u64, Lease)>,
}

impl<R: Reopened> Pair<R> {
    fn store(&self) -> &dyn Store {
        self.opened.store()
    }

    async fn act(&mut self, action: Action) {
        match action {
            Action::Accept => {
                self.model.accepted += 1;
                self.model.unplanned.push(self.model.accepted);
                accept(self.store(), self.model.accepted, self.model.now).await;
            }
            Action::Plan { count, keys, lane } => self.plan(count, &keys, lane).await,
            Action::Claim { worker, per_lane } => {
                self.claim(worker, per_lane).await;
            }
            Action::Turn { lease, next, add } => self.turn(lease, &next, add).await,
            Action::Release { job } => self.release(job).await,
            Action::Abandon { worker } => {
                let count = self.store().abandon_leases(Some(WORKERS[worker]), at(self.model.now)).await.unwrap();
                assert_eq!(count, self.model.abandon(worker));
            }
            Action::Wait { seconds } => self.model.now += seconds,
            Action::Reopen => self.opened.reopen().await,
        }
        let next_due = next_due(self.store()).await.map(|moment| moment.max(at(self.model.now)));
        assert_eq!(next_due, self.model.next_due().map(at));
    }

    async fn plan(&mut self, count: u32, keys: &BTreeSet<usize>, lane: usize) {
        let entries = self.store().unplanned([count; 4]).await.unwrap();
        let expected: Vec<u64> = self.model.unplanned.drain(..entries.len()).collect();
        assert_eq!(
            entries.iter().map(|entry| entry.id).collect::<Vec<_>>(),
            expected.iter().copied().map(id).collect::<Vec<_>>()
        );
        assert!(entries.len() == count as usize || self.model.unplanned.is_empty());
        let names: Vec<&str> = keys.iter().map(|key| KEYS[*key]).collect();
        let job = || job_in(Lane::ALL[lane], &names);
        let plans = entries.iter().map(|entry| planned(entry.id, Ok(job()))).collect();
        self.store().record_plans(plans, None, at(self.model.now)).await.unwrap();
        for number in expected {
            self.model.plan(number, keys, lane);
        }
    }

    async fn claim(&mut self, worker: usize, per_lane: [u32; 4]) -> usize {
        let request = ClaimRequest { per_lane, ..request(WORKERS[worker], self.model.now) };
        let claimed = self.store().claim_due(request).await.unwrap();
        let until = self.model.now + LEASE;
        let expected = self.model.claim(worker, per_lane, until);
        assert_eq!(
            claimed.iter().map(|job| job.submission).collect::<Vec<_>>(),
            expected.iter().copied().map(id).collect::<Vec<_>>()
        );
        for (number, job) in expected.into_iter().zip(&claimed) {
            self.compare(number, job);
        }
        self.live_leases_share_nothing();
        claimed.len()
    }

    fn compare(&mut self, number: u64, claimed: &ClaimedJob) {
        let keys: BTreeSet<_> = self.model.keys_of(number).into_iter().map(|index| key(KEYS[index])).collect();
        assert_eq!(claimed.keys.iter().cloned().collect::<BTreeSet<_>>(), keys);
        let job = self.model.jobs.get_mut(&number).unwrap();
        assert_eq!(claimed.abandoned_since, job.abandoned.map(at));
        assert!(self.leases.iter().all(|(_, lease)| *lease != claimed.lease), "a number is never used twice");
        job.lease.as_mut().unwrap().number = claimed.lease.number;
        self.leases.push((number, claimed.lease));
    }

    fn live_leases_share_nothing(&self) {
        let mut held = BTreeSet::new();
        for (number, job) in &self.model.jobs {
            if job.lease.is_some() {
                assert!(self.model.keys_of(*number).into_iter().all(|key| held.insert(key)));
            }
        }
    }

    async fn turn(&mut self, lease: usize, next: &Next, add: Option<usize>) {
        let Some(index) = self.leases.len().checked_sub(1 + lease) else { return };
        let (number, lease) = self.leases[index];
        let then = match next {
            Next::DueIn(seconds) => Then::DueAt(at(self.model.now + seconds)),
            Next::Finish => Then::Finished(Outcome::default()),
            Next::Park => Then::Parked(parking()),
        };
        let turn = TurnRecord { add_key: add.map(|index| key(KEYS[index])), ..turn_under(lease, then) };
        let outcomes = self.store().finish_turns(vec![turn], None, at(self.model.now)).await.unwrap();
        let held = self.model.jobs[&number].lease.as_ref().is_some_and(|held| held.number == lease.number);
        assert_eq!(outcomes, [if held { TurnOutcome::Recorded } else { TurnOutcome::LeaseLost }]);
        if held {
            self.model.finish_turn(number, next, add);
        }
    }

    async fn release(&mut self, choice: usize) {
        let Some((number, lease)) = self.leases.get(choice % self.leases.len().max(1)).copied() else { return };
        let progress = self.model.jobs[&number].progress;
        let outcome = self.store().release(lease.job, at(self.model.now)).await.unwrap();
        if progress == Progress::Parked {
            assert_eq!(outcome, ReleaseOutcome::Released);
            self.model.release(number);
        } else {
            assert_eq!(outcome, ReleaseOutcome::NotParked(progress));
        }
    }

    /// Whatever happened, all that was accepted and is not parked can be brought to its end.
    async fn work_off(&mut self) {
        self.plan(u32::MAX, &BTreeSet::new(), 0).await;
        for _ in 0..self.model.jobs.len() + 1 {
            self.model.now += 1_000;
            let count = self.claim(0, [1_000; 4]).await;
            for lease in 0..count {
                self.turn(lease, &Next::Finish, None).await;
            }
        }
        for number in 1..=self.model.accepted {
            let story = self.store().story(id(number)).await.unwrap().unwrap();
            assert_eq!(story.progress, self.model.jobs[&number].progress);
            assert!(matches!(story.progress, Progress::Done | Progress::Parked), "{number} is stuck");
        }
    }
}
