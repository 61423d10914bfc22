//! Packing: calls of the same kind, made by many jobs in the same moment, become one request.
//!
//! Reads that are equal are made once. Searches by e-mail and bulk upserts are joined up to what the account takes. Everything else goes alone.

use crate::catalog::AccountFacts;
use crate::crm::CrmCall;

/// How many times as many people a search takes of whom hardly anybody is there: the answer has a page of rows at most, and these make none.
pub const WIDE: usize = 5;

/// One request and the jobs it is made for, by their positions in what was given.
#[derive(Clone, Debug, PartialEq)]
pub struct Pack {
    /// The request.
    pub call: CrmCall,
    /// Whose it is.
    pub members: Vec<usize>,
}

/// Joins what can be joined. Every position is in exactly one pack; the order of the packs is that of their first members.
pub fn pack(calls: Vec<CrmCall>, account: Option<&AccountFacts>) -> Vec<Pack> {
    let mut packs: Vec<Pack> = Vec::with_capacity(calls.len());
    for (position, call) in calls.into_iter().enumerate() {
        match packs.iter_mut().rev().find(|pack| joins(pack, &call, account)) {
            Some(pack) => {
                pack.members.push(position);
                extend(&mut pack.call, call);
            }
            None => packs.push(Pack { call, members: vec![position] }),
        }
    }
    packs
}

fn joins(pack: &Pack, call: &CrmCall, account: Option<&AccountFacts>) -> bool {
    let most_found = account.and_then(|facts| facts.batch_find).map_or(1, usize::from);
    let most_written = account.and_then(|facts| facts.bulk_people).map_or(1, usize::from);
    match (&pack.call, call) {
        (CrmCall::ReadCatalog(held), CrmCall::ReadCatalog(wanted)) => held == wanted,
        (CrmCall::BulkStatus { ticket: held }, CrmCall::BulkStatus { ticket: wanted }) => held == wanted,
        (
            CrmCall::FindPeople { among: held, emails, likely },
            CrmCall::FindPeople { among: wanted, likely: likewise, .. },
        ) => {
            let most = if *likely || most_found == 1 { most_found } else { most_found * WIDE };
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Section;
    use crate::crm::Among;
    use crate::identity::Email;

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

    #[test]
    fn equal_reads_are_made_once() {
        let read = CrmCall::ReadCatalog(Section::Stages);
        let packs = pack(vec![read.clone(), CrmCall::ReadCatalog(Section::Owners), read.clone()], None);
        assert_eq!(packs.len(), 2);
        assert_eq!(packs[0].members, [0, 2]);
    }

    #[test]
    fn searches_are_joined_up_to_what_the_account_takes() {
        let packs = pack(vec![find("a"), find("b"), find("c")], Some(&facts(Some(2))));
        assert_eq!(packs.iter().map(|pack| pack.members.clone()).collect::<Vec<_>>(), [vec![0, 1], vec![2]]);
        assert_eq!(pack(vec![find("a"), find("b")], None).len(), 2);
    }

    #[test]
    fn more_people_are_searched_at_once_where_hardly_anybody_is_there() {
        let calls = (0..23).map(|number| match find(&format!("p{number}")) {
            CrmCall::FindPeople { among, emails, .. } => CrmCall::FindPeople { among, emails, likely: false },
            other => other,
        });
        let packs = pack(calls.collect(), Some(&facts(Some(2))));
        assert_eq!(packs.iter().map(|pack| pack.members.len()).collect::<Vec<_>>(), [10, 10, 3]);
    }
}
