//! Packing: calls of the same kind, made by many jobs in the same moment, become one request.
//!
//! Reads that are equal are made once. Searches by e-mail and bulk upserts are joined up to what the account takes. Everything else goes alone.

use crate::catalog::AccountFacts;
use crate::crm::{Among, CrmCall, CrmFailure, CrmReply};
use crate::identity::Email;

/// Addresses of one search at most where hardly anybody is there: people who are not there make no rows of the answer, so it stays short. So many
/// jobs are leased and recorded in one transaction, which others wait for.
pub const WIDEST: usize = 2_000;
/// A search that failed for a reason of the moment is not made narrower than this for it.
const NARROWEST_FOR_TROUBLE: usize = 500;

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

/// From so many people on a search, a bulk write and the look at what it came to cost less than each of them alone.
const FEWEST_TO_SEARCH: usize = 4;
/// From so many people on a bulk write and the look at what it came to cost less than each of them alone.
const FEWEST_TO_WRITE: usize = 3;

/// Whether a call that can be packed is to be, with so many people altogether whom a call of its kind could be made for in this moment. How many jobs
/// wait says little about that: they may be about one person, or about people who are known.
pub fn is_worthwhile(call: &CrmCall, people: usize) -> bool {
    match call {
        // Whoever is likely there is looked for after a write, which was packed.
        CrmCall::FindPeople { likely: false, among: Among::Contacts, .. } => people >= FEWEST_TO_SEARCH,
        CrmCall::UpsertPeople(_) => people >= FEWEST_TO_WRITE,
        _ => true,
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

/// What the answer of a pack says to the member that would have made this call alone. Each gets no more than its own: a copy of all of it for each would
/// cost as the square of their number.
pub fn part_of(reply: &CrmReply, call: &CrmCall) -> CrmReply {
    match (reply, call) {
        (CrmReply::FoundMany(found), CrmCall::FindPeople { emails, .. }) => {
            let own = |email: &Email| Some((email.clone(), found.get(email)?.clone()));
            CrmReply::FoundMany(emails.iter().filter_map(own).collect())
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
        (CrmCall::UpsertPeople(people), CrmCall::UpsertPeople(_)) => people.len() < most_written,
        _ => false,
    }
}

fn extend(pack: &mut CrmCall, call: CrmCall) {
    match (pack, call) {
        (CrmCall::FindPeople { emails, .. }, CrmCall::FindPeople { emails: more, .. }) => emails.extend(more),
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
    let CrmCall::FindPeople { emails, .. } = call else { return Width::Untold };
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
        let emails = vec![Email::parse(&format!("{name}@x.io")).unwrap()];
        CrmCall::FindPeople { among: Among::Contacts, emails, likely: true }
    }

    fn find_new(name: &str) -> CrmCall {
        let emails = vec![Email::parse(&format!("{name}@x.io")).unwrap()];
        CrmCall::FindPeople { among: Among::Contacts, emails, likely: false }
    }

    #[rstest]
    #[case::three_to_search(find_new("a"), 3, false)]
    #[case::four_to_search(find_new("a"), 4, true)]
    #[case::one_who_was_written(find("a"), 1, true)]
    #[case::two_to_write(CrmCall::UpsertPeople(Vec::new()), 2, false)]
    #[case::three_to_write(CrmCall::UpsertPeople(Vec::new()), 3, true)]
    #[case::a_bulk_write_to_look_at(CrmCall::BulkStatus { ticket: "7".to_owned() }, 1, true)]
    fn a_pack_is_worthwhile_where_it_saves_requests(
        #[case] call: CrmCall,
        #[case] people: usize,
        #[case] expected: bool,
    ) {
        assert_eq!(is_worthwhile(&call, people), expected);
    }

    #[test]
    fn each_member_is_told_of_its_own_people_only() {
        let address = |name: &str| Email::parse(&format!("{name}@x.io")).unwrap();
        let found = CrmReply::FoundMany([(address("ada"), Vec::new()), (address("olga"), Vec::new())].into());
        let parts = ["ada", "nobody"].map(|name| part_of(&found, &find(name)));
        assert_eq!(parts[0], CrmReply::FoundMany([(address("ada"), Vec::new())].into()));
        assert_eq!(parts[1], CrmReply::FoundMany([].into()));
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
