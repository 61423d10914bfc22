//! Leads, contacts, companies and deals: filtered search with full rows, in the order of ids.
//!
//! It is the one listing that shows every record whatever its pipeline or owner. An account that does not give full rows, does not know a rule or
//! does not keep to it is read through its saved views instead (see `views`).

use freshsales::contacts::Contact;
use freshsales::deals::Deal;
use freshsales::filtered_search::{Rule, by_rules, field};
use freshsales::leads::Lead;
use freshsales::listing::ListRequest;
use freshsales::sales_accounts::SalesAccount;
use freshsales::views::{self, SortDirection};
use freshsales::{Generation, Record};
use jiff::civil::date;
use leadgate_core::sync::{Part, RawJson, RawRow, Stream};

use super::list::RawList;

/// How the rows of records are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// In the order of ids.
    ById,
    /// From the largest id.
    FromTheEnd,
}

/// What comes with the rows of a stream of records.
fn includes(stream: Stream, part: &Part) -> Vec<&'static str> {
    let mut names = match stream {
        Stream::Leads => {
            vec!["owner", "creater", "updater", "source", "campaign", "territory", "lead_stage", "lead_reason"]
        }
        Stream::Contacts => vec![
            "owner",
            "creater",
            "updater",
            "source",
            "campaign",
            "territory",
            "contact_status",
            "lifecycle_stage",
            "sales_accounts",
        ],
        Stream::SalesAccounts => vec!["owner", "creater", "updater", "territory", "industry_type", "business_type"],
        _ => vec![
            "owner",
            "creater",
            "updater",
            "source",
            "campaign",
            "territory",
            "sales_account",
            "contacts",
            "deal_stage",
            "deal_type",
            "deal_reason",
            "deal_payment_status",
            "deal_product",
            "currency",
            "products",
        ],
    };
    if stream.beside().contains(&Stream::Notes) && !matches!(part, Part::Deleted { .. }) {
        names.push("notes");
    }
    names
}

/// The search for the rows of a part.
pub(super) fn search(stream: Stream, part: &Part, how: How, generation: Generation) -> RawList {
    match stream {
        Stream::Leads => searched::<Lead>(stream, part, how, generation),
        Stream::Contacts => searched::<Contact>(stream, part, how, generation),
        Stream::SalesAccounts => searched::<SalesAccount>(stream, part, how, generation),
        _ => searched::<Deal>(stream, part, how, generation),
    }
}

fn searched<T: Record>(stream: Stream, part: &Part, how: How, generation: Generation) -> RawList {
    let search = by_rules::<T>(rules(part)).include(includes(stream, part)).full_rows();
    let search = if how == How::FromTheEnd { search.sort("id", SortDirection::Descending) } else { search };
    RawList::of(search, T::PLURAL, generation)
}

/// A search needs a rule; every record was created after the CRM was.
fn rules(part: &Part) -> Vec<Rule> {
    match part {
        Part::ChangedAfter(moment) => vec![field("updated_at").is_after(*moment)],
        Part::Deleted { after } => {
            let deleted = field("deleted").is(1);
            let changed = after.map(|moment| field("updated_at").is_after(moment));
            [deleted].into_iter().chain(changed).collect()
        }
        Part::Whole | Part::Of(_) => vec![field("created_at").is_after(date(2000, 1, 1))],
    }
}

/// The rows of a saved view.
pub(super) fn view(stream: Stream, part: &Part, view: (i64, How), generation: Generation) -> RawList {
    match stream {
        Stream::Leads => viewed::<Lead>(stream, part, view, generation),
        Stream::Contacts => viewed::<Contact>(stream, part, view, generation),
        Stream::SalesAccounts => viewed::<SalesAccount>(stream, part, view, generation),
        _ => viewed::<Deal>(stream, part, view, generation),
    }
}

fn viewed<T: Record>(stream: Stream, part: &Part, (view, how): (i64, How), generation: Generation) -> RawList {
    let rows = views::rows::<T>(view).include(includes(stream, part));
    match (part, how) {
        (_, How::FromTheEnd) => listed(rows.sort("id", SortDirection::Descending), T::PLURAL, generation),
        (Part::ChangedAfter(_) | Part::Deleted { after: Some(_) }, How::ById) => {
            listed(rows.sort("updated_at", SortDirection::Descending), T::PLURAL, generation)
        }
        (_, How::ById) => listed(rows, T::PLURAL, generation),
    }
}

fn listed<R: ListRequest + Send + Sync>(request: R, key: &'static str, generation: Generation) -> RawList {
    RawList::of(request, key, generation)
}

/// Whether a row shows that the search does not do what it was asked for.
pub(super) fn is_unfit(row: &RawRow, part: &Part) -> bool {
    let says = |name: &str, value: bool| row.get(name).and_then(RawJson::boolean) == Some(value);
    let wants_deleted = matches!(part, Part::Deleted { .. });
    says("partial", true) || row.get("updated_at").is_none() || (wants_deleted && says("is_deleted", false))
}

/// Whether a row of the CRM's belongs to the part: records in the recycle bin are only told of where they were asked for.
pub(super) fn belongs(row: &RawRow, part: &Part) -> bool {
    matches!(part, Part::Deleted { .. }) || row.get("is_deleted").and_then(RawJson::boolean) != Some(true)
}
