//! Several accounts in one process: none is served at the cost of another.

use leadgate_core::budget::BudgetSettings;
use leadgate_engine::{EngineSettings, Rounds};
use leadgate_testkit::TestCrowd;

const OTHERS: usize = 20;
const OF_EACH: usize = 5;

/// Each job is a call of its own, so that jobs can be counted by calls.
fn unpacked() -> EngineSettings {
    let budget = BudgetSettings { per_hour: None, per_minute: None, ..BudgetSettings::default() };
    EngineSettings { budget, pack_from: usize::MAX, jitter_seed: Some(1), ..EngineSettings::default() }
}

#[tokio::test]
async fn an_account_with_a_long_queue_gets_no_more_turns_than_others() {
    let crowd = TestCrowd::open(OTHERS + 1, unpacked(), Rounds::at_once(1)).await;
    crowd.accept_leads(0, 2_000).await;
    let mut of_others = Vec::new();
    for member in 1..=OTHERS {
        of_others.extend(crowd.accept_leads(member, OF_EACH).await.into_iter().map(|id| (member, id)));
    }
    crowd.work_until_ended(&of_others).await;
    let calls = crowd.calls();
    let last = calls.iter().rposition(|member| *member != 0).unwrap();
    let noisy = calls[..last].iter().filter(|member| **member == 0).count();
    // In a turn it begins eight calls at most, and nobody's five leads need more than a few turns.
    assert!(noisy <= 80, "{noisy} of {last} calls were made for the one with the long queue");
}

#[tokio::test]
async fn accounts_whose_work_is_done_in_batches_all_get_it_done() {
    let settings = EngineSettings { is_one_of_many: true, ..unpacked() };
    let crowd = TestCrowd::open(3, settings, Rounds::at_once(1)).await;
    let mut leads = Vec::new();
    for member in 0..3 {
        leads.extend(crowd.accept_leads(member, 200).await.into_iter().map(|id| (member, id)));
    }
    crowd.work_until_ended(&leads).await;
    let calls = crowd.calls();
    let of = |account: usize| calls.iter().filter(|member| **member == account).count();
    assert!((0..3).all(|account| of(account) >= 200), "each lead of each account takes a call at least");
}
