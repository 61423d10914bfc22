//! Which of several companies is the one that a lead belongs to.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use crate::crm::{CompanyKey, CrmCall};
use crate::record::{Snapshot, field};
use crate::routing::text;

/// One way to look for the company.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CompanyLookup {
    /// Its web site is at this registrable domain.
    Website(String),
    /// It has exactly the name.
    Name,
    /// It has the name but for legal form, punctuation and case.
    SimilarName,
}

impl CompanyLookup {
    pub(super) fn call(&self, name: &str) -> CrmCall {
        match self {
            CompanyLookup::Website(domain) => CrmCall::FindCompanies(CompanyKey::Website(domain.clone())),
            CompanyLookup::Name => CrmCall::FindCompany { name: name.to_owned() },
            CompanyLookup::SimilarName => CrmCall::FindCompanies(CompanyKey::NamePart(telling_part(name))),
        }
    }

    /// What was looked by, in words.
    pub(super) fn how(&self) -> String {
        match self {
            CompanyLookup::Website(domain) => format!("its web site is at {domain}"),
            CompanyLookup::Name => "it has that name".to_owned(),
            CompanyLookup::SimilarName => "it has that name but for its legal form".to_owned(),
        }
    }

    fn fits(&self, company: &Snapshot, name: &str) -> bool {
        match self {
            CompanyLookup::Website(domain) => host_of(company).is_some_and(|host| text::registrable(&host) == domain),
            CompanyLookup::Name => true,
            CompanyLookup::SimilarName => {
                name_of(company).is_some_and(|held| text::company_name(held) == text::company_name(name))
            }
        }
    }
}

/// The company that is meant, of those that a search found. Of several that fit: the one at exactly that host before those at a subdomain, one
/// of the lead's company name before others, one with open deals before those without, the oldest before younger ones.
pub(super) fn choose(found: Vec<Snapshot>, lookup: &CompanyLookup, name: &str) -> Option<Snapshot> {
    let elsewhere = |company: &Snapshot| match lookup {
        CompanyLookup::Website(domain) => host_of(company).as_deref() != Some(domain.as_str()),
        CompanyLookup::Name | CompanyLookup::SimilarName => false,
    };
    let named = |company: &Snapshot| {
        name_of(company).is_some_and(|held| !name.is_empty() && text::company_name(held) == text::company_name(name))
    };
    found.into_iter().filter(|company| lookup.fits(company, name)).min_by_key(|company| {
        let age = (company.created_at.is_none(), company.created_at);
        (elsewhere(company), Reverse(named(company)), Reverse(has_open_deals(company)), age, company.record.id)
    })
}

fn host_of(company: &Snapshot) -> Option<String> {
    company.fields.get(field::WEBSITE)?.as_str().and_then(text::host)
}

fn name_of(company: &Snapshot) -> Option<&str> {
    company.fields.get(field::COMPANY_NAME)?.as_str()
}

fn has_open_deals(company: &Snapshot) -> bool {
    let amount = company.fields.get(field::OPEN_DEALS);
    let number = amount.and_then(|amount| amount.as_f64().or_else(|| amount.as_str()?.trim().parse().ok()));
    number.is_some_and(|number| number > 0.0)
}

/// The longest word of a name: the part that other spellings of it most probably have too.
fn telling_part(name: &str) -> String {
    let bare = text::company_name(name);
    let words = name.split(|sign: char| !sign.is_alphanumeric()).filter(|word| bare.contains(&text::fold(word)));
    words.max_by_key(|word| word.chars().count()).unwrap_or(name).to_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;
    use crate::record::{RecordKind, RecordRef};

    fn company(id: i64, name: &str, website: &str, open: &str, created: i64) -> Snapshot {
        let fields = json!({ "company_name": name, "website": website, "open_deals_amount": open });
        Snapshot {
            updated_at: None,
            record: RecordRef { kind: RecordKind::Company, id },
            created_at: jiff::Timestamp::from_second(created).ok(),
            fields: serde_json::from_value(fields).unwrap(),
            unread: BTreeSet::new(),
        }
    }

    fn site(domain: &str) -> CompanyLookup {
        CompanyLookup::Website(domain.to_owned())
    }

    #[rstest]
    #[case::exact_host_first(site("acme.com"), "", vec![company(1, "A", "https://shop.acme.com", "9", 1), company(2, "B", "www.acme.com", "0", 2)], Some(2))]
    #[case::then_the_name(site("acme.com"), "Acme Inc", vec![company(1, "Acme Labs", "acme.com", "9", 1), company(2, "ACME", "acme.com", "0", 2)], Some(2))]
    #[case::then_open_deals(site("acme.com"), "", vec![company(1, "A", "acme.com", "0.0", 1), company(2, "B", "acme.com", "9.5", 2)], Some(2))]
    #[case::then_age(site("acme.com"), "", vec![company(1, "A", "acme.com", "9", 5), company(2, "B", "acme.com", "9", 2)], Some(2))]
    #[case::then_the_number(site("acme.com"), "", vec![company(2, "A", "acme.com", "9", 5), company(1, "B", "acme.com", "9", 5)], Some(1))]
    #[case::not_what_only_contains_it(site("acme.com"), "", vec![company(1, "A", "notacme.com", "9", 1)], None)]
    #[case::not_another_suffix(site("acme.com"), "", vec![company(1, "A", "acme.com.br", "9", 1)], None)]
    #[case::not_what_has_no_site(site("acme.com"), "", vec![company(1, "A", "", "9", 1)], None)]
    #[case::similar(CompanyLookup::SimilarName, "Müller & Söhne GmbH", vec![company(1, "Muller Sohne", "", "", 1)], Some(1))]
    #[case::not_similar(CompanyLookup::SimilarName, "Müller GmbH", vec![company(1, "Müller Bau GmbH", "", "", 1)], None)]
    #[case::by_name(CompanyLookup::Name, "Acme", vec![company(2, "Acme", "", "", 3), company(1, "acme", "", "", 1)], Some(1))]
    #[case::nobody(CompanyLookup::Name, "Acme", vec![], None)]
    fn the_company_is(
        #[case] lookup: CompanyLookup,
        #[case] name: &str,
        #[case] mut found: Vec<Snapshot>,
        #[case] expected: Option<i64>,
    ) {
        let id = |found| choose(found, &lookup, name).map(|company| company.record.id);
        assert_eq!(id(found.clone()), expected);
        found.reverse();
        assert_eq!(id(found), expected, "in whatever order they were found");
    }

    #[rstest]
    #[case("Müller & Söhne GmbH", "Müller")]
    #[case("AG", "AG")]
    fn a_name_is_searched_by_its_telling_part(#[case] name: &str, #[case] expected: &str) {
        assert_eq!(text::fold(&telling_part(name)), text::fold(expected));
    }

    #[test]
    fn an_amount_may_be_a_number() {
        let mut held = company(1, "A", "acme.com", "", 1);
        held.fields.insert(field::OPEN_DEALS.to_owned(), Value::from(3));
        assert!(has_open_deals(&held));
    }
}
