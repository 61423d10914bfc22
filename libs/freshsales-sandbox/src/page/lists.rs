//! The records of one kind, newest change first, page by page.

use std::sync::Arc;

use maud::{Markup, html};

use super::layout::{self, Frame, ROWS};
use super::visit::Visit;
use crate::model::{Kind, List, Record, State};
use crate::wire::Reply;
use crate::workflows::fields;

/// A column of a list: its heading and the field it shows.
type Cell = (&'static str, &'static str);

/// What a list of this kind shows beside the name.
fn cells(kind: Kind) -> &'static [Cell] {
    match kind {
        Kind::Lead => {
            &[("Email", "email"), ("Company", "company_name"), ("Stage", "lead_stage_name"), ("Owner", "owner_name")]
        }
        Kind::Contact => &[
            ("Email", "email"),
            ("Mobile", "mobile_number"),
            ("Company", "sales_account_name"),
            ("Stage", "lifecycle_stage_name"),
            ("Owner", "owner_name"),
        ],
        Kind::SalesAccount => &[("Phone", "phone"), ("Website", "website"), ("City", "city"), ("Owner", "owner_name")],
        Kind::Deal => &[
            ("Value", "amount"),
            ("Stage", "deal_stage_name"),
            ("Company", "sales_account_name"),
            ("Closes", "expected_close"),
        ],
        Kind::Task => &[("Due", "due_date"), ("Done", "completed_date"), ("Owner", "owner_name")],
        _ => &[],
    }
}

/// What people call the records of a kind.
pub(super) fn heading(kind: Kind) -> String {
    if kind == Kind::SalesAccount {
        return "Companies".to_owned();
    }
    let words = kind.plural().replace('_', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

pub(super) fn page(state: &State, visit: &Visit, kind: Kind) -> Reply {
    let stage = visit.query("stage").and_then(|stage| stage.parse().ok()).filter(|_| kind == Kind::Deal);
    let skipped = (visit.page() - 1).saturating_mul(ROWS);
    let (rows, total) = match stage {
        Some(stage) => in_stage(state, stage, skipped),
        None => {
            let table = state.table(kind);
            (table.page_by_update(false, true, skipped, ROWS), table.live_count())
        }
    };
    let stage_name = stage.and_then(|stage| state.catalog.entry(List::DealStages, stage)).map(|stage| &stage.name);
    let place = format!("/-/{}", kind.plural());
    let link = stage.map_or_else(|| format!("{place}?"), |stage| format!("{place}?stage={stage}&"));
    let content = html! {
        h1 {
            (heading(kind))
            @if let Some(name) = stage_name { " in " (name) }
            " " span.count { (layout::grouped(total)) }
        }
        @if rows.is_empty() { p.empty { "None here. What programs send to the API shows up on this page." } }
        @else { (table(state, kind, &rows)) }
        (layout::pager(&link, visit.page(), total))
    };
    Frame::new(&heading(kind), &place).around(state, visit, &content)
}

fn in_stage(state: &State, stage: i64, skipped: usize) -> (Vec<Arc<Record>>, usize) {
    let deals = state.table(Kind::Deal).by_update(false).rev();
    let held: Vec<&Arc<Record>> = deals.filter(|deal| deal.id_in("deal_stage_id") == Some(stage)).collect();
    (held.iter().skip(skipped).take(ROWS).map(|&deal| Arc::clone(deal)).collect(), held.len())
}

/// Records of one kind as a table.
pub(super) fn table(state: &State, kind: Kind, rows: &[Arc<Record>]) -> Markup {
    html! {
        div.scroll {
            table {
                thead {
                    tr {
                        th { "Name" }
                        @for (heading, _) in cells(kind) { th { (heading) } }
                        th { "Changed" }
                    }
                }
                tbody {
                    @for record in rows {
                        tr {
                            td {
                                (layout::link(record))
                                @if record.converted { " " span.badge { "converted" } }
                            }
                            @for (heading, field) in cells(kind) {
                                td data-label=(heading) { (value(state, record, field)) }
                            }
                            td.when data-label="Changed" { (layout::moment(state, record.updated_at)) }
                        }
                    }
                }
            }
        }
    }
}

/// A field of a record for people.
pub(super) fn value(state: &State, record: &Record, field: &str) -> String {
    fields::read(state, record, field).map(|field| layout::shown(&field.value)).unwrap_or_default()
}
