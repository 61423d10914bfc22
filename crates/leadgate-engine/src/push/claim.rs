//! Claiming: leases what is due and affordable, settles what needs no call, and pays for the rest.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use leadgate_core::crm::CrmCall;
use leadgate_core::job::Turn;
use leadgate_core::lane::Lane;
use leadgate_core::pack::{CROWD, Pack, Sharing, is_small, is_worthwhile, pack};
use leadgate_store::StoreError;
use leadgate_store::model::{ClaimRequest, ClaimedJob, Then, TurnRecord};
use leadgate_store::stretch::Stretch;

use super::{Claimed, EndedTurn, Leased, PaidPack, SharedCatalog, then_of};
use crate::batches::Batch;
use crate::engine::Engine;

/// Jobs whose calls can be packed that are leased in one pass, at most.
const MOST_PACKABLE: u32 = 500;
/// People whose searches are packed although their writes trickle.
const SEARCHED_TOGETHER: u32 = 100;
/// From how many open jobs on company is looked for in bulk work. Whether there is enough of it is seen when they are claimed.
const MANY_IN_BULK: i64 = 5;
/// Jobs never looked at before that are leased although the budget is empty: a repeat needs no request and can be answered at once.
const MOST_LOOKED_AT: u32 = 64;

/// Turns that are recorded in one transaction, at most.
const MOST_RECORDED: usize = 500;
/// How long to wait before a turn is offered to a store again that could not be reached. Together they outlast a restart of a database.
const RECORDED_AGAIN_AFTER: [Duration; 4] =
    [Duration::from_millis(100), Duration::from_millis(400), Duration::from_secs(1), Duration::from_secs(2)];

impl Engine {
    /// Leases jobs for at most `slots` calls, and pays for those calls.
    pub(crate) async fn claim(&self, slots: usize) -> Result<Claimed, StoreError> {
        self.settle_doubt().await?;
        let claimed = self.claim_and_pay(slots).await;
        if claimed.is_err() {
            self.shared.hand.doubt();
        }
        claimed
    }

    async fn claim_and_pay(&self, slots: usize) -> Result<Claimed, StoreError> {
        // Whoever was paused shows that it lives before it takes work.
        self.beat_if_due().await?;
        let now = self.now();
        self.catch_up(now).await?;
        let catalog = self.shared.catalog.current();
        let jobs = self.shared.store.claim_due(self.claim_request(slots, &catalog, now)).await?;
        let leased = jobs.len();
        let mut round = Round { catalog, slots, now, settled: Vec::new() };
        let mut calling = Vec::new();
        let take_in_hand = |job: ClaimedJob| {
            let in_hand = self.shared.hand.take(job.lease);
            let sharing = self.sharing(job.lane, &round.catalog);
            Leased::new(job, in_hand, sharing)
        };
        let mut jobs: Vec<Leased> = jobs.into_iter().map(take_in_hand).collect();
        self.look_into_copy(&mut jobs).await;
        let mut stretch = Stretch::default();
        for job in jobs {
            match self.prepare(job, &round.catalog, now) {
                Prepared::Call(job) => calling.push(job),
                Prepared::Settled(turn) => round.settled.push(turn),
            }
            stretch.row().await;
        }
        let calling = self.without_small_packs(calling, &mut round);
        let calling = self.without_what_others_read(calling, &mut round).await?;
        let packs = self.pay(calling, &mut round).await?;
        // What was not told with permits that were drawn, a stop above all, others have to know. The turns are recorded whether or not they can be told.
        let told = match packs.is_empty() {
            true => self.shared.budget.tell(&*self.shared.store, now).await,
            false => Ok(()),
        };
        match self.record(round.settled, None, now).await {
            Ok(ended) => told.map(|()| Claimed { packs, leased, ended }),
            Err(error) => {
                // Nothing is called without a record.
                packs.into_iter().for_each(|pack| pack.permit.unused());
                Err(error)
            }
        }
    }

    fn claim_request(&self, slots: usize, catalog: &SharedCatalog, now: Timestamp) -> ClaimRequest {
        let settings = &self.shared.settings;
        let gathers = self.shared.gathering.is_on(self.open_jobs(Lane::Bulk), now);
        let open = |lane| !(gathers && lane == Lane::Bulk);
        let room = Lane::ALL.map(|lane| self.shared.budget.room(lane, now));
        let affordable = |lane: Lane| room[usize::from(lane.rank())].min(self.slots_of(lane, slots));
        let opened = |lane: Lane| if open(lane) { affordable(lane) } else { 0 };
        let per_lane = Lane::ALL.map(|lane| self.with_company(lane, opened(lane), (slots, catalog)));
        let packable = |lane: Lane| {
            let alone = per_lane[usize::from(lane.rank())];
            if self.is_packing(lane, catalog) { alone.saturating_mul(100).min(MOST_PACKABLE) } else { alone }
        };
        let widest = u32::try_from(self.shared.search_width.widest()).unwrap_or(MOST_PACKABLE);
        let wide = |lane: Lane| {
            let pages = packable(lane);
            if pages > 0 && self.is_packing(lane, catalog) { pages.max(widest) } else { pages }
        };
        ClaimRequest {
            worker: settings.worker.clone(),
            now,
            lease_until: now.saturating_add(settings.lease).unwrap_or(Timestamp::MAX),
            per_lane,
            packable_per_lane: Lane::ALL.map(packable),
            wide_per_lane: Lane::ALL.map(wide),
            new_per_lane: Lane::ALL.map(|lane| {
                let closed = room[usize::from(lane.rank())] == 0 && open(lane);
                if closed { MOST_LOOKED_AT } else { 0 }
            }),
            known_since: settings.known_since(now),
        }
    }

    /// Where each person costs a write of their own and the budget has room for hardly any, what was searched for grows old before it is written: then so
    /// many are looked at together that those who must be searched for again share a search.
    fn with_company(&self, lane: Lane, alone: u32, (slots, catalog): (usize, &SharedCatalog)) -> u32 {
        let is_trickle =
            lane == Lane::Bulk && alone > 0 && alone < self.slots_of(lane, slots) && self.is_packing(lane, catalog);
        let one_by_one = catalog.account().is_some_and(|account| account.bulk_people.is_none());
        if is_trickle && one_by_one { alone.max(SEARCHED_TOGETHER) } else { alone }
    }

    /// Whether so many jobs of the lane wait that some of them may share calls. A lead that somebody waits for goes alone however long an import is.
    fn is_packing(&self, lane: Lane, catalog: &SharedCatalog) -> bool {
        let many = i64::try_from(self.shared.settings.pack_from).unwrap_or(i64::MAX);
        let many = if lane == Lane::Bulk { many.min(MANY_IN_BULK) } else { many };
        self.open_jobs(lane) >= many && catalog.account().is_some_and(|account| account.batch_find.is_some())
    }

    fn sharing(&self, lane: Lane, catalog: &SharedCatalog) -> Sharing {
        match self.is_packing(lane, catalog) {
            false => Sharing::Alone,
            true if self.open_jobs(lane) >= i64::from(CROWD) => Sharing::Crowd,
            true => Sharing::Packed,
        }
    }

    /// Packs calls and takes a permit for each pack, the most urgent first and of those the largest. What cannot be paid for, or has no slot, is due again later.
    async fn pay(&self, jobs: Vec<Leased>, round: &mut Round) -> Result<Vec<PaidPack>, StoreError> {
        let calls: Vec<CrmCall> = jobs.iter().filter_map(|job| job.call.clone()).collect();
        let lanes: Vec<Lane> = jobs.iter().map(|job| job.job.lane).collect();
        let lane_of = |pack: &Pack| pack.members.iter().map(|position| lanes[*position]).min().unwrap_or(Lane::Sync);
        let mut jobs: Vec<Option<Leased>> = jobs.into_iter().map(Some).collect();
        let mut packs = pack(calls, round.catalog.account(), self.shared.search_width.widest());
        packs.sort_by_cached_key(|pack| (lane_of(pack), std::cmp::Reverse(pack.members.len())));
        let with_slot = packs.iter().map(&lane_of).enumerate();
        let with_slot = with_slot.take_while(|(position, lane)| *position < self.slots_of(*lane, round.slots) as usize);
        let lanes: Vec<Lane> = with_slot.map(|(_, lane)| lane).collect();
        let mut permits = self.take_permits(&lanes, round.now).await?.into_iter();
        let mut paid = Vec::new();
        for pack in packs {
            let lane = lane_of(&pack);
            let Pack { call, members } = pack;
            let members: Vec<Leased> = members.into_iter().filter_map(|position| jobs[position].take()).collect();
            match permits.next() {
                Some(Ok(permit)) => paid.push(PaidPack { permit, lane, call, members }),
                Some(Err(refusal)) => round.put_back(members, refusal.until),
                None => round.put_back(members, round.now),
            }
        }
        Ok(paid)
    }

    /// Jobs whose pack would be so small that it saves nothing make the call that they would make alone.
    fn without_small_packs(&self, jobs: Vec<Leased>, round: &mut Round) -> Vec<Leased> {
        if !jobs.iter().any(|job| job.sharing.is_packing()) {
            return jobs;
        }
        let calls = jobs.iter().filter_map(|job| job.call.clone()).collect();
        let packs = pack(calls, round.catalog.account(), self.shared.search_width.widest());
        let mut jobs: Vec<Option<Leased>> = jobs.into_iter().map(Some).collect();
        for pack in packs.iter().filter(|pack| is_small(pack)) {
            for &position in &pack.members {
                jobs[position] = jobs[position].take().and_then(|job| self.alone_if_cheaper(job, pack, round));
            }
        }
        jobs.into_iter().flatten().collect()
    }

    fn alone_if_cheaper(&self, job: Leased, pack: &Pack, round: &mut Round) -> Option<Leased> {
        let (packed, sharing) = (job.call.clone(), job.sharing);
        match self.prepare(Leased { sharing: Sharing::Alone, ..job }, &Arc::clone(&round.catalog), round.now) {
            Prepared::Call(job) if job.call.as_ref().is_some_and(|alone| is_worthwhile(pack, alone)) => {
                Some(Leased { sharing, call: packed, ..job })
            }
            Prepared::Call(job) => Some(job),
            Prepared::Settled(turn) => {
                round.settled.push(turn);
                None
            }
        }
    }

    /// Names that another instance may have read meanwhile are looked for in the store before the CRM is asked for them.
    async fn without_what_others_read(&self, jobs: Vec<Leased>, round: &mut Round) -> Result<Vec<Leased>, StoreError> {
        let asks_for_names = |job: &Leased| matches!(job.call, Some(CrmCall::ReadCatalog(_)));
        if self.shared.settings.is_alone() || !jobs.iter().any(asks_for_names) {
            return Ok(jobs);
        }
        if !self.shared.catalog.reread(&*self.shared.store).await? {
            return Ok(jobs);
        }
        let (asking, others) = jobs.into_iter().partition(asks_for_names);
        round.put_back(asking, round.now);
        Ok(others)
    }

    /// The slots that a lane may use: the last one is kept for a lead that somebody waits for, however slowly an import is answered.
    fn slots_of(&self, lane: Lane, slots: usize) -> u32 {
        let kept = usize::from(lane != Lane::Interactive && self.shared.settings.concurrency > 1);
        u32::try_from(slots.saturating_sub(kept)).unwrap_or(u32::MAX)
    }

    /// When one of the jobs that are due may be claimed, with so many slots free; `None` if the end of a call has to be waited for.
    pub(crate) fn may_claim_at(&self, slots: usize, now: Timestamp) -> Option<Timestamp> {
        let may_claim = |lane: Lane| {
            let open = self.open_jobs(lane);
            if open == 0 || self.slots_of(lane, slots) == 0 {
                return None;
            }
            let gathers_until = (lane == Lane::Bulk).then(|| self.shared.gathering.until(open, now)).flatten();
            let has_room = self.shared.budget.room(lane, now) > 0;
            let room = if has_room { now } else { self.shared.budget.outlook(lane, now).0 };
            Some(gathers_until.map_or(room, |until| until.max(room)))
        };
        // A job that a person released a moment ago is not counted yet.
        let is_counted = Lane::ALL.into_iter().any(|lane| self.open_jobs(lane) > 0);
        if is_counted { Lane::ALL.into_iter().filter_map(may_claim).min() } else { Some(now) }
    }

    /// Records turns with the budget as it stands, which ends the batch. Returns how many jobs ended.
    pub(crate) async fn record(
        &self,
        turns: Vec<EndedTurn>,
        batch: Option<Batch>,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        if turns.is_empty() {
            return Ok(0);
        }
        let is_end = |turn: &&EndedTurn| !matches!(turn.record.then, Then::DueAt(_));
        let ended: Vec<Lane> = turns.iter().filter(is_end).map(|turn| turn.lane).collect();
        let (_in_hand, records): (Vec<_>, Vec<_>) = turns.into_iter().map(|turn| (turn.in_hand, turn.record)).unzip();
        self.finish_in_parts(records, batch, now).await?;
        for lane in &ended {
            self.count_open(*lane, -1);
        }
        Ok(ended.len())
    }

    /// Turns of thousands of jobs are recorded in several transactions, between which others have their turn. Each turn is whole by itself.
    async fn finish_in_parts(
        &self,
        records: Vec<TurnRecord>,
        mut batch: Option<Batch>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut records = records.into_iter();
        loop {
            let some: Vec<TurnRecord> = records.by_ref().take(MOST_RECORDED).collect();
            let is_last = records.len() == 0;
            self.finish(some, if is_last { batch.take() } else { None }, now).await?;
            if is_last {
                return Ok(());
            }
        }
    }

    /// Offers turns to the store again where it could not be reached: under one lease a turn is recorded once, however often it is offered.
    async fn finish(
        &self,
        records: Vec<TurnRecord>,
        mut batch: Option<Batch>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut waits = RECORDED_AGAIN_AFTER.iter();
        loop {
            // The ledger would be in the way of the next round, which is not far and tells what is new.
            let budget = if self.is_behind() { None } else { self.shared.budget.to_keep() };
            let kept = self.shared.store.finish_turns(records.clone(), budget, now).await;
            // Nobody waits for a store of another's that cannot be reached.
            drop(batch.take());
            match (kept, waits.next()) {
                (Ok(_), _) => return Ok(()),
                (Err(StoreError::Unavailable(_)), Some(wait)) => tokio::time::sleep(*wait).await,
                (Err(error), _) => {
                    self.shared.hand.doubt();
                    return Err(error);
                }
            }
        }
    }

    /// How long after it was taken over a write may be at work in the CRM still: a process can be back sooner than its last request has ended, and another
    /// that was only cut off from the store may be in the middle of one.
    fn until_settled(&self) -> SignedDuration {
        let settings = &self.shared.settings;
        let under_way = if settings.is_alone() { SignedDuration::ZERO } else { settings.request };
        settings.retry.settle_delay(1, 0.0) + under_way
    }

    /// Looks at a leased job: either it needs a call, or its turn is over already.
    fn prepare(&self, mut job: Leased, catalog: &SharedCatalog, now: Timestamp) -> Prepared {
        if job.job.abandoned_since.is_some() {
            job.job.state.take_over();
        }
        if let Some(key) = job.missing_key() {
            return Prepared::Settled(job.record(None, Some(key), Then::DueAt(now), now));
        }
        let turn = job.advance(catalog, now);
        if let (Some(since), Turn::Call(call)) = (job.job.abandoned_since, &turn) {
            // An earlier process may have made this very call and died before it could say so.
            if job.job.state.mark_abandoned(call, since) {
                let settled = now.saturating_add(self.until_settled()).unwrap_or(Timestamp::MAX);
                return Prepared::Settled(job.record(None, None, Then::DueAt(settled), now));
            }
        }
        if let Some(key) = job.missing_key() {
            return Prepared::Settled(job.record(None, Some(key), Then::DueAt(now), now));
        }
        match turn {
            Turn::Call(call) => {
                job.call = Some(call);
                Prepared::Call(job)
            }
            turn => Prepared::Settled(job.record(None, None, then_of(turn, now), now)),
        }
    }
}

/// One claim: what it works with, and the turns that are over already.
struct Round {
    catalog: SharedCatalog,
    slots: usize,
    now: Timestamp,
    settled: Vec<EndedTurn>,
}

impl Round {
    fn put_back(&mut self, members: Vec<Leased>, until: Timestamp) {
        let now = self.now;
        self.settled.extend(members.into_iter().map(|member| member.record(None, None, Then::DueAt(until), now)));
    }
}

enum Prepared {
    Call(Leased),
    Settled(EndedTurn),
}
