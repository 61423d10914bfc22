//! When an engine looks at its store again, if nobody tells it to before: a thousand engines in a process are nearly free at rest only where none of
//! them looks in vain.

use jiff::{SignedDuration, Timestamp};

/// The shortest time between two looks when something is due and it is not known what it waits for.
const SHORTEST: SignedDuration = SignedDuration::from_millis(20);

/// The longest time between two looks when something is due later: a machine that slept, or a clock that was put right, is noticed by then.
const LONGEST_AHEAD: SignedDuration = SignedDuration::from_mins(1);

/// Who else puts work into the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Company {
    /// Nobody: whatever is put there is announced in this process.
    Nobody,
    /// Other instances, and this one does for all what one does for all. What is announced may be lost with whoever announces it.
    Others,
    /// Other instances, one of which does what one does for all, and may die.
    OthersInDuty,
}

/// What is known of the work when nothing can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ahead {
    /// When something is due.
    pub due: Option<Timestamp>,
    /// When that may be begun if it is due: there is room in the budget, say. `None`: somebody will tell.
    pub may_begin: Option<Timestamp>,
    /// Who else puts work into the store.
    pub company: Company,
}

impl Company {
    /// The longest time between two looks when nothing is due.
    fn at_rest(self) -> SignedDuration {
        match self {
            Company::Nobody => SignedDuration::from_mins(5),
            Company::Others => SignedDuration::from_secs(30),
            Company::OthersInDuty => SignedDuration::from_secs(10),
        }
    }

    /// The same when something is due that must wait: others may give room earlier than is expected.
    fn in_want(self) -> SignedDuration {
        match self {
            Company::Nobody => SignedDuration::from_secs(30),
            Company::Others | Company::OthersInDuty => SignedDuration::from_secs(2),
        }
    }
}

impl Ahead {
    /// How long to sleep, unless something is announced.
    pub fn sleep(&self, now: Timestamp) -> SignedDuration {
        let Some(due) = self.due else { return self.company.at_rest() };
        if due > now {
            return due.duration_since(now).clamp(SHORTEST, self.company.at_rest().min(LONGEST_AHEAD));
        }
        let longest = self.company.in_want();
        self.may_begin.map_or(longest, |moment| moment.duration_since(now).clamp(SHORTEST, longest))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn at(millisecond: i64) -> Timestamp {
        Timestamp::from_millisecond(millisecond).unwrap()
    }

    #[rstest]
    #[case::nothing(None, None, Company::Nobody, 300_000)]
    #[case::nothing_here(None, None, Company::Others, 30_000)]
    #[case::nothing_but_who_plans_may_be_dead(None, None, Company::OthersInDuty, 10_000)]
    #[case::later(Some(1_500), None, Company::Nobody, 1_500)]
    #[case::much_later(Some(900_000), None, Company::Nobody, 60_000)]
    #[case::in_a_moment(Some(1), None, Company::Nobody, 20)]
    #[case::due_and_nothing_in_the_way(Some(-5), Some(0), Company::Nobody, 20)]
    #[case::due_when_there_is_room(Some(0), Some(7_000), Company::Nobody, 7_000)]
    #[case::due_when_there_is_room_some_time(Some(0), Some(3_600_000), Company::Nobody, 30_000)]
    #[case::due_when_there_is_room_or_others_give_some(Some(0), Some(7_000), Company::Others, 2_000)]
    #[case::due_when_a_call_ends(Some(0), None, Company::Nobody, 30_000)]
    fn a_look_comes_when_it_may_be_of_use(
        #[case] due: Option<i64>,
        #[case] may_begin: Option<i64>,
        #[case] company: Company,
        #[case] sleep: i64,
    ) {
        let ahead = Ahead { due: due.map(at), may_begin: may_begin.map(at), company };
        assert_eq!(ahead.sleep(at(0)), SignedDuration::from_millis(sleep));
    }
}
