//! What is still to come of an import: requests, and roughly how long they take under the account's budget.

use jiff::Timestamp;
use serde_json::Value;

use crate::budget::Ledger;
use crate::catalog::AccountFacts;
use crate::lane::Lane;
use crate::pack::CROWD;

/// What is known of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    /// Rows that have not ended, those that have not arrived among them.
    pub waiting: u64,
    /// Rows that have.
    pub ended: u64,
    /// What all rows cost so far, in thousandths of a request.
    pub cost_milli: u64,
    /// The ids of those who are made are not asked for, as far as is known.
    pub without_ids: bool,
}

/// What is to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rest {
    /// Requests.
    pub requests: u64,
    /// Seconds; `None` where the account has no limit that is known.
    pub seconds: Option<u64>,
}

/// From so many ended rows on, what they cost says what the others will.
const TELLING: u64 = 100;
/// Thousandths of a request for each row, where people are written in packs: a bulk upsert and a search for a hundred,
/// and what is needed besides: wide searches, packs that are not full, the account's names.
const PACKED_MILLI: u64 = 25;
/// The same where people are counted by the thousand instead of searched for by the hundred.
const COUNTED_MILLI: u64 = 13;
/// The same where each is written alone.
const ALONE_MILLI: u64 = 1_030;
/// The shortest that an import takes: its rows gather, the CRM works, its index lags, and people are counted together.
const SHORTEST_SECONDS: u64 = 25;
const HOUR_SECONDS: u64 = 3_600;

/// What is to come of an import.
pub fn expected(so_far: &Expected, account: Option<&AccountFacts>, budget: Option<Value>, now: Timestamp) -> Rest {
    let packed = account.is_some_and(|account| account.bulk_people.is_some());
    let is_counted = account.is_some_and(|account| account.contact_email_unique == Some(true));
    let counted = is_counted && so_far.without_ids && so_far.waiting + so_far.ended >= u64::from(CROWD);
    let usual = match (packed, counted) {
        (false, _) => ALONE_MILLI,
        (true, false) => PACKED_MILLI,
        (true, true) => COUNTED_MILLI,
    };
    let each = if so_far.ended >= TELLING { so_far.cost_milli / so_far.ended } else { usual };
    let requests = so_far.waiting.saturating_mul(each).div_ceil(1_000);
    let ledger: Option<Ledger> = budget.and_then(|budget| serde_json::from_value(budget).ok());
    let seconds = ledger.and_then(|mut ledger| {
        let standing = ledger.standing(now);
        let an_hour = u64::from(standing.hour_limit?).max(1);
        let at_hand = u64::from(standing.room[usize::from(Lane::Bulk.rank())]);
        let left = standing.hour_ends.duration_since(now).as_secs();
        Some(seconds(requests, (at_hand, an_hour), u64::try_from(left).unwrap_or(0)))
    });
    Rest { requests, seconds }
}

fn seconds(requests: u64, (at_hand, an_hour): (u64, u64), left_of_hour: u64) -> u64 {
    match requests.checked_sub(at_hand) {
        _ if requests == 0 => 0,
        None | Some(0) => requests.max(SHORTEST_SECONDS),
        Some(later) => left_of_hour + later / an_hour * HOUR_SECONDS + later % an_hour,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::nothing(0, 0)]
    #[case::within_the_hour(100, 100)]
    #[case::the_next_hour(600, 60 + 100)]
    #[case::hours(2_600, 60 + 2 * 3_600 + 100)]
    fn an_import_waits_for_the_hours_it_needs(#[case] requests: u64, #[case] expected: u64) {
        assert_eq!(seconds(requests, (500, 1_000), 60), expected);
    }
}
