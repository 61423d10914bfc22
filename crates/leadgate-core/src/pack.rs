//! Packing: calls of the same kind, made by many jobs in the same moment, become one request.
//!
//! Reads that are equal are made once. Searches by e-mail and bulk upserts are joined up to what the account takes. Everything else goes alone.

use crate::catalog::AccountFacts;
use crate::crm::{Among, CrmCall, CrmFailure, CrmReply};
use crate::identity::Email;

/// Addresses of one search at most where hardly anybody is there: people who are not there make no rows of the answer, so it stays short. So many
/// jobs are leased and recorded in one transaction, which others wait for.
pub const WIDEST: usize = 2_500;
/// From so many waiting jobs on people who were written are counted rather than looked at: fewer are looked at with as few requests, or hardly more.
pub const CROWD: u32 = 250;
/// A search that failed for a reason of the moment is not made narrower than this for it.
const NARROWEST_FOR_TROUBLE: usize = 500;

/// With how many others a job can share its calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sharing {
    /// With nobody: each call is the one that costs least alone.
    #[default]
    Alone,
    /// With others that wait: calls that can be packed are preferred.
    Packed,
    /// With [`CROWD`] or more: they fill packs of hundreds.
    Crowd,
}

impl Sharing {
    /// Whether calls that can be packed are preferred.
    pub fn is_packing(self) -> bool {
        self != Sharing::Alone
    }
}

/// How a job's next call can be packed with those of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// Not at all.
    Alone,
    /// A page of people at once.
    Pages,
    /// Up to [`WIDEST`] people at once.
    Wide,
}

impl Packing {
    /// The number that stores use.
    pub fn number(self) -> u8 {
        match self {
            Packing::Alone => 0,
            Packing::Pages => 1,
            Packing::Wide => 2,
        }
    }
}

/// One request and the jobs it is made for, by their positions in what was given.
#[derive(Clone, Debug, PartialEq)]
pub struct Pack {
    /// The request.
    pub call: CrmCall,
    /// Whose it is.
    pub members: Vec<usize>,
}

/// Joins what can be joined. Every position is in exactly one pack; the order of the packs is that of their first members.
///
/// `widest` is how many addresses the account is taken to search for at once where hardly anybody is there.
pub fn pack(calls: Vec<CrmCall>, account: Option<&AccountFacts>, widest: usize) -> Vec<Pack> {
    let mut packs: Vec<Pack> = Vec::with_capacity(calls.len());
    for (position, call) in calls.into_iter().enumerate() {
        match packs.iter_mut().rev().find(|pack| joins(pack, &call, account, widest)) {
            Some(pack) => {
                pack.members.push(position);
                extend(&mut pack.call, call);
            }
            None => packs.push(Pack { call, members: vec![position] }),
        }
    }
    packs
}

/// Fewer people than this may cost less alone.
const FEW: usize = 4;

/// Whether a pack has to be compared with what its people would cost alone: it begins what only pays for many, and has few.
pub fn is_small(pack: &Pack) -> bool {
    // Whoever is likely there is looked for after a write, which was packed.
    let begins = matches!(
        pack.call,
        CrmCall::FindPeople { likely: false, among: Among::Contacts, .. } | CrmCall::UpsertPeople(_)
    );
    begins && pack.members.len() < FEW
}

/// Whether a pack costs fewer requests than its people would alone, each of whom would make that call.
pub fn is_worthwhile(pack: &Pack, alone: &CrmCall) -> bool {
    let people = pack.members.len();
    match (&pack.call, alone) {
        // A search, a write in bulk and the look at what it came to, instead of creations that are their own test.
        (CrmCall::FindPeople { .. }, CrmCall::CreatePerson(_)) => people >= FEW,
        // One search instead of one for each; the writes are decided on when it is known who is there.
        (CrmCall::FindPeople { .. }, _) => people >= 2,
        // A write in bulk and the look at what it came to.
        (CrmCall::UpsertPeople(_), _) => people >= 3,
        _ => true,
    }
}

/// What the answer of a pack says to the member that would have made this call alone. Each gets no more than its own: a copy of all of it for each would
/// cost as the square of their number.
pub fn part_of(reply: &CrmReply, call: &CrmCall) -> CrmReply {
    match (reply, call) {
        (CrmReply::FoundMany { people: found, is_whole }, CrmCall::FindPeople { emails, .. }) => {
            let own = |email: &Email| Some((email.clone(), found.get(email)?.clone()));
            CrmReply::FoundMany { people: emails.iter().filter_map(own).collect(), is_whole: *is_whole }
        }
        (reply, _) => reply.clone(),
    }
}

fn joins(pack: &Pack, call: &CrmCall, account: Option<&AccountFacts>, widest: usize) -> bool {
    let most_found = account.and_then(|facts| facts.batch_find).map_or(1, usize::from);
    let most_written = account.and_then(|facts| facts.bulk_people).map_or(1, usize::from);
    match (&pack.call, call) {
        (CrmCall::ReadCatalog(held), CrmCall::ReadCatalog(wanted)) => held == wanted,
        (CrmCall::BulkStatus { ticket: held }, CrmCall::BulkStatus { ticket: wanted }) => held == wanted,
        (
            CrmCall::FindPeople { among: held, emails, likely },
            CrmCall::FindPeople { among: wanted, likely: likewise, .. },
        ) => {
            let most = if *likely || most_found == 1 { most_found } else { widest.max(most_found) };
            held == wanted && likely == likewise && emails.len() < most
        }
        (CrmCall::ConfirmPeople { emails, at_most }, CrmCall::ConfirmPeople { at_most: likewise, .. }) => {
            at_most == likewise && emails.len() < (*at_most).min(widest).max(most_found)
        }
        (CrmCall::UpsertPeople(people), CrmCall::UpsertPeople(_)) => people.len() < most_written,
        _ => false,
    }
}

fn extend(pack: &mut CrmCall, call: CrmCall) {
    match (pack, call) {
        (CrmCall::FindPeople { emails, .. }, CrmCall::FindPeople { emails: more, .. })
        | (CrmCall::ConfirmPeople { emails, .. }, CrmCall::ConfirmPeople { emails: more, .. }) => emails.extend(more),
        (CrmCall::UpsertPeople(people), CrmCall::UpsertPeople(more)) => people.extend(more),
        _ => {}
    }
}

/// What a failed search says of how many addresses one takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// Nothing: it is a failure as any other.
    Untold,
    /// At most so many from now on. Whether the number was the reason is not certain, so the failure counts as well.
    Doubted(usize),
    /// At most so many from now on, and the same search is made again at once in pieces.
    TooMany(usize),
}

/// What the failure of a call says of how many addresses a search takes, where `surely` many are known to be taken.
pub fn width_after(call: &CrmCall, failure: &CrmFailure, surely: usize) -> Width {
    let (CrmCall::FindPeople { emails, .. } | CrmCall::ConfirmPeople { emails, .. }) = call else {
        return Width::Untold;
    };
    let (asked, half) = (emails.len(), emails.len() / 2);
    match failure {
        CrmFailure::Invalid { .. } | CrmFailure::Incomplete(_) if asked > surely => Width::TooMany(half.max(surely)),
        CrmFailure::Transient(_) | CrmFailure::OutcomeUnknown(_) | CrmFailure::Malformed(_)
            if asked > NARROWEST_FOR_TROUBLE =>
        {
            Width::Doubted(half.max(NARROWEST_FOR_TROUBLE))
        }
        _ => Width::Untold,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::catalog::Section;
    use crate::crm::LookupBy;
    use crate::record::Fields;

    fn facts(batch_find: Option<u16>) -> AccountFacts {
        AccountFacts {
            generation: String::new(),
            separate_leads: false,
            contact_email_unique: None,
            lead_stage_id: None,
            bulk_people: None,
            batch_find,
            keyed_person_upsert: true,
        }
    }

    fn find(name: &str) -> CrmCall {
        let emails = vec![address(name)];
        CrmCall::FindPeople { among: Among::Contacts, emails, likely: true }
    }

    fn address(name: &str) -> Email {
        Email::parse(&format!("{name}@x.io")).unwrap()
    }

    fn look_up(name: &str) -> CrmCall {
        CrmCall::FindPerson(LookupBy::Email(address(name)))
    }

    fn upsert(name: &str) -> CrmCall {
        CrmCall::UpsertPerson { email: address(name), fields: Fields::default() }
    }

    fn find_new(name: &str) -> CrmCall {
        let emails = vec![address(name)];
        CrmCall::FindPeople { among: Among::Contacts, emails, likely: false }
    }

    /// What so many people come to, each of whom would make one call in a pack or another alone.
    fn requests_begin_with(packed: &CrmCall, alone: &CrmCall, people: usize) -> bool {
        let facts = AccountFacts { bulk_people: Some(100), ..facts(Some(100)) };
        let packs = pack(vec![packed.clone(); people], Some(&facts), WIDEST);
        assert_eq!(packs.len(), 1);
        !is_small(&packs[0]) || is_worthwhile(&packs[0], alone)
    }

    #[rstest]
    #[case::creations_that_are_their_own_test(find_new("a"), CrmCall::CreatePerson(Fields::default()), 4)]
    #[case::searches_one_by_one(find_new("a"), look_up("a"), 2)]
    #[case::writes(CrmCall::UpsertPeople(vec![(address("a"), Fields::default())]), upsert("a"), 3)]
    #[case::looks_after_a_write(find("a"), look_up("a"), 1)]
    fn a_pack_is_worthwhile_where_it_saves_requests(
        #[case] packed: CrmCall,
        #[case] alone: CrmCall,
        #[case] fewest: usize,
    ) {
        let found = (1..=10).find(|people| requests_begin_with(&packed, &alone, *people));
        assert_eq!(found, Some(fewest));
        assert!((fewest..=10).all(|people| requests_begin_with(&packed, &alone, people)));
    }

    #[test]
    fn people_who_are_looked_for_in_different_ways_do_not_count_together() {
        let calls = vec![find_new("new"), find("a"), find("b"), find("c"), find("d")];
        let packs = pack(calls, Some(&facts(Some(100))), WIDEST);
        assert_eq!(packs.iter().map(is_small).collect::<Vec<_>>(), [true, false]);
    }

    #[test]
    fn each_member_is_told_of_its_own_people_only() {
        let many = |people| CrmReply::FoundMany { people, is_whole: true };
        let found = many([(address("ada"), Vec::new()), (address("olga"), Vec::new())].into());
        let parts = ["ada", "nobody"].map(|name| part_of(&found, &find(name)));
        assert_eq!(parts[0], many([(address("ada"), Vec::new())].into()));
        assert_eq!(parts[1], many([].into()));
    }

    #[test]
    fn what_is_the_same_for_all_is_told_to_each() {
        let status = CrmCall::BulkStatus { ticket: "7".to_owned() };
        assert_eq!(part_of(&CrmReply::Done, &status), CrmReply::Done);
    }

    #[test]
    fn equal_reads_are_made_once() {
        let read = CrmCall::ReadCatalog(Section::Stages);
        let packs = pack(vec![read.clone(), CrmCall::ReadCatalog(Section::Owners), read.clone()], None, WIDEST);
        assert_eq!(packs.len(), 2);
        assert_eq!(packs[0].members, [0, 2]);
    }

    #[test]
    fn searches_are_joined_up_to_what_the_account_takes() {
        let packs = pack(vec![find("a"), find("b"), find("c")], Some(&facts(Some(2))), WIDEST);
        assert_eq!(packs.iter().map(|pack| pack.members.clone()).collect::<Vec<_>>(), [vec![0, 1], vec![2]]);
        assert_eq!(pack(vec![find("a"), find("b")], None, WIDEST).len(), 2);
    }

    #[test]
    fn more_people_are_searched_at_once_where_hardly_anybody_is_there() {
        let calls = (0..23).map(|number| find_new(&format!("p{number}")));
        let packs = pack(calls.collect(), Some(&facts(Some(2))), 10);
        assert_eq!(packs.iter().map(|pack| pack.members.len()).collect::<Vec<_>>(), [10, 10, 3]);
    }

    #[test]
    fn whoever_is_counted_is_counted_with_as_many_as_may_be() {
        let count = |at_most: usize| {
            move |number: usize| CrmCall::ConfirmPeople { emails: vec![address(&format!("p{number}"))], at_most }
        };
        let calls = (0..12).map(count(WIDEST)).chain((12..18).map(count(4)));
        let packs = pack(calls.collect(), Some(&facts(Some(2))), 10);
        assert_eq!(packs.iter().map(|pack| pack.members.len()).collect::<Vec<_>>(), [10, 2, 4, 2]);
    }

    #[rstest]
    #[case::refused(2_500, CrmFailure::Invalid { sentences: Vec::new(), fields: Vec::new() }, Width::TooMany(1_250))]
    #[case::too_many_are_there(625, CrmFailure::Incomplete(String::new()), Width::TooMany(312))]
    #[case::no_fewer_than_are_surely_taken(150, CrmFailure::Incomplete(String::new()), Width::TooMany(100))]
    #[case::a_refusal_of_something_else(100, CrmFailure::Incomplete(String::new()), Width::Untold)]
    #[case::perhaps_for_its_size(2_500, CrmFailure::Transient(String::new()), Width::Doubted(1_250))]
    #[case::an_outage(500, CrmFailure::Transient(String::new()), Width::Untold)]
    #[case::the_quota(2_500, CrmFailure::Quota { until: None }, Width::Untold)]
    fn a_failed_search_tells_how_many_it_takes(
        #[case] asked: usize,
        #[case] failure: CrmFailure,
        #[case] expected: Width,
    ) {
        let emails = (0..asked).map(|number| Email::parse(&format!("p{number}@x.io")).unwrap()).collect();
        let call = CrmCall::FindPeople { among: Among::Contacts, emails, likely: false };
        assert_eq!(width_after(&call, &failure, 100), expected);
    }
}
