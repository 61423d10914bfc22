//! The saved views of a fresh account and which records each of them holds.

use jiff::{SignedDuration, Timestamp};

use super::{Catalog, Kind, List, Record};

/// Which records a view holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    All,
    Mine,
    MyTerritory,
    /// Created in the last seven days.
    New,
    Imported,
    NeverContacted,
    Unassigned,
    RecycleBin,
    OpenDeals,
    WonDeals,
    LostDeals,
    /// Open deals that close within seven days.
    ClosingSoon,
    Converted,
    /// Needs marketing data that a sandbox does not have.
    Nothing,
}

/// A saved view.
#[derive(Clone, Debug)]
pub(crate) struct View {
    pub(crate) id: i64,
    pub(crate) name: &'static str,
    pub(crate) is_default: bool,
    pub(crate) rule: Rule,
}

const FIRST_ID: i64 = 78_000_000_001;

type Row = (&'static str, bool, Rule);

const CONTACTS: &[Row] = &[
    ("My Contacts", true, Rule::Mine),
    ("My Territory Contacts", true, Rule::MyTerritory),
    ("New Contacts", true, Rule::New),
    ("All Contacts", true, Rule::All),
    ("Recently Modified", true, Rule::All),
    ("Recently Imported", true, Rule::Imported),
    ("Never Contacted", true, Rule::NeverContacted),
    ("Needs Follow-up", true, Rule::Nothing),
    ("Active", false, Rule::All),
    ("Inactive", false, Rule::Nothing),
    ("Recycle Bin", true, Rule::RecycleBin),
    ("Bounced contacts", true, Rule::Nothing),
    ("Untouched 5-star contacts", true, Rule::Nothing),
    ("Slipping away", false, Rule::Nothing),
];

const LEADS: &[Row] = &[
    ("My Leads", true, Rule::Mine),
    ("My Territory Leads", true, Rule::MyTerritory),
    ("New Leads", true, Rule::New),
    ("All Leads", true, Rule::All),
    ("Unassigned Leads", true, Rule::Unassigned),
    ("Recently Modified", true, Rule::All),
    ("Recently Imported", true, Rule::Imported),
    ("Never Contacted", true, Rule::NeverContacted),
    ("Converted Leads", true, Rule::Converted),
    ("Recycle Bin", true, Rule::RecycleBin),
];

const ACCOUNTS: &[Row] = &[
    ("My Accounts", true, Rule::Mine),
    ("All Accounts", true, Rule::All),
    ("My Territory Accounts", true, Rule::MyTerritory),
    ("Recently Imported", true, Rule::Imported),
    ("Recycle Bin", true, Rule::RecycleBin),
];

const DEALS: &[Row] = &[
    ("Open Deals", true, Rule::OpenDeals),
    ("My Deals", true, Rule::Mine),
    ("My Territory Deals", true, Rule::MyTerritory),
    ("Recent Deals", true, Rule::New),
    ("Recently Imported", true, Rule::Imported),
    ("Lost Deals", false, Rule::LostDeals),
    ("Won Deals", false, Rule::WonDeals),
    ("Hot Deals", false, Rule::Nothing),
    ("Cold Deals", false, Rule::Nothing),
    ("Closing this week", false, Rule::ClosingSoon),
    ("This month's sales", false, Rule::WonDeals),
    ("Recycle Bin", true, Rule::RecycleBin),
];

/// The views of a kind, in the order `filters` lists them.
pub(crate) fn views(kind: Kind) -> Vec<View> {
    let rows = match kind {
        Kind::Contact => CONTACTS,
        Kind::Lead => LEADS,
        Kind::SalesAccount => ACCOUNTS,
        Kind::Deal => DEALS,
        _ => &[],
    };
    let first = FIRST_ID + 100 * i64::try_from(kind.index()).unwrap_or_default();
    let ids = first..;
    rows.iter().zip(ids).map(|(&(name, is_default, rule), id)| View { id, name, is_default, rule }).collect()
}

/// What a rule may look at beside the record.
pub(crate) struct ViewContext<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) now: Timestamp,
}

impl Rule {
    /// Whether the view walks the recycle bin instead of the live records.
    pub(crate) fn is_recycle_bin(self) -> bool {
        self == Self::RecycleBin
    }

    /// Whether a record belongs to the view; deleted records are sorted out before.
    pub(crate) fn holds(self, record: &Record, context: &ViewContext<'_>) -> bool {
        if record.kind == Kind::Deal && !matches!(self, Self::RecycleBin) && !in_default_pipeline(record, context) {
            return false;
        }
        match self {
            Self::RecycleBin => true,
            Self::Converted => record.converted,
            Self::Nothing => false,
            _ if record.converted => false,
            Self::All => true,
            Self::Mine => record.id_in("owner_id") == Some(context.catalog.api_user()),
            Self::MyTerritory => !record.get("territory_id").is_null(),
            Self::New => age(record, context) <= SignedDuration::from_hours(7 * 24),
            Self::Imported => record.imported,
            Self::NeverContacted => record.get("last_contacted").is_null(),
            Self::Unassigned => record.get("owner_id").is_null(),
            Self::OpenDeals => forecast(record, context) == "Open",
            Self::WonDeals => forecast(record, context) == "Closed Won",
            Self::LostDeals => forecast(record, context) == "Closed Lost",
            Self::ClosingSoon => forecast(record, context) == "Open" && closes_soon(record, context),
        }
    }
}

fn in_default_pipeline(deal: &Record, context: &ViewContext<'_>) -> bool {
    deal.id_in("deal_pipeline_id") == Some(context.catalog.default_pipeline())
}

fn age(record: &Record, context: &ViewContext<'_>) -> SignedDuration {
    context.now.duration_since(record.created_at)
}

fn forecast<'a>(deal: &Record, context: &ViewContext<'a>) -> &'a str {
    let stage = deal.id_in("deal_stage_id").and_then(|id| context.catalog.entry(List::DealStages, id));
    stage.map_or("Open", |stage| stage.forecast())
}

fn closes_soon(deal: &Record, context: &ViewContext<'_>) -> bool {
    let today = context.now.to_zoned_datetime(jiff::tz::TimeZone::UTC).date();
    let closes = deal.text("expected_close").and_then(|date| date.parse::<jiff::civil::Date>().ok());
    closes.is_some_and(|date| date >= today && today.duration_until(date) <= SignedDuration::from_hours(7 * 24))
}
