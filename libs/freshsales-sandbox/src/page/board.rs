//! Deals as a board: one column per stage of a pipeline, the deals that changed last on top.

use std::collections::BTreeMap;
use std::sync::Arc;

use maud::{Markup, html};

use super::layout::{self, Frame};
use super::lists;
use super::visit::Visit;
use crate::model::{Kind, List, Record, State};
use crate::wire::{Money, Reply};

/// Cards in a column; the list behind its heading has them all.
const CARDS: usize = 25;

#[derive(Default)]
struct Column<'a> {
    cards: Vec<&'a Arc<Record>>,
    count: usize,
    sum: Money,
}

pub(super) fn page(state: &State, visit: &Visit) -> Reply {
    let asked = visit.query("pipeline").and_then(|id| id.parse().ok());
    let pipeline = asked.unwrap_or_else(|| state.catalog.default_pipeline());
    let pipelines = state.catalog.list(List::DealPipelines);
    let columns = columns(state, pipeline);
    let stages: Vec<_> = state.catalog.stages_of(pipeline).collect();
    let lost: Vec<_> = columns.iter().filter(|(id, _)| !stages.iter().any(|stage| stage.id == **id)).collect();
    let empty = Column::default();
    let content = html! {
        h1 { "Deals " span.count { (layout::grouped(state.table(Kind::Deal).live_count())) } }
        @if pipelines.len() > 1 {
            nav.tabs aria-label="Pipelines" {
                @for entry in pipelines {
                    a href={ "/-/deals?pipeline=" (entry.id) } aria-current=[(entry.id == pipeline).then_some("page")] {
                        (entry.name)
                    }
                }
            }
        }
        div.board tabindex="0" aria-label="Stages" {
            @for stage in stages { (shown(state, stage.id, &stage.name, columns.get(&stage.id).unwrap_or(&empty))) }
            @for (id, column) in lost { (shown(state, *id, "A stage that was removed", column)) }
        }
    };
    Frame::new("Deals", "/-/deals").around(state, visit, &content)
}

/// The deals of a pipeline by their stage.
fn columns(state: &State, pipeline: i64) -> BTreeMap<i64, Column<'_>> {
    let mut columns: BTreeMap<i64, Column<'_>> = BTreeMap::new();
    let deals = state.table(Kind::Deal).by_update(false).rev();
    for deal in deals.filter(|deal| deal.id_in("deal_pipeline_id") == Some(pipeline)) {
        let column = columns.entry(deal.id_in("deal_stage_id").unwrap_or_default()).or_default();
        column.count += 1;
        column.sum += Money::parse(deal.get("amount")).unwrap_or_default();
        if column.cards.len() < CARDS {
            column.cards.push(deal);
        }
    }
    columns
}

fn shown(state: &State, stage: i64, name: &str, column: &Column<'_>) -> Markup {
    html! {
        section.stage {
            header {
                h2 { (name) }
                p { (layout::grouped(column.count)) " · " (column.sum) }
            }
            @for deal in &column.cards {
                article.card {
                    (layout::link(deal))
                    p { (lists::value(state, deal, "amount")) }
                    @let company = lists::value(state, deal, "sales_account_name");
                    @if !company.is_empty() { p.hint { (company) } }
                }
            }
            @if column.count > column.cards.len() {
                a.more href={ "/-/deals?stage=" (stage) } { "All " (layout::grouped(column.count)) }
            }
        }
    }
}
