//! Saved views: the list of them, their pages, and the scroll over a view by id.

use std::cmp::Ordering;
use std::sync::Arc;

use http::Method;
use serde_json::{Map, Value, json};

use super::paging::Page;
use super::{main_kind, path_id};
use crate::Generation;
use crate::model::views::{Rule, View, ViewContext, views};
use crate::model::{Kind, Record, State};
use crate::wire::{Answer, Call, Money, Refusal, Render, Reply, WrittenList, shown_moment, translate};

pub(super) fn route(state: &mut State, call: &Call, path: &[&str]) -> Option<Answer> {
    if call.method != Method::GET {
        return None;
    }
    let kind = path.first().and_then(|plural| main_kind(plural))?;
    match &path[1..] {
        ["filters"] => Some(Ok(filters(state, kind))),
        ["view", id] => Some(path_id(id).and_then(|id| page_of_view(state, call, kind, id))),
        ["scroll", id] if kind != Kind::Lead => Some(path_id(id).and_then(|id| scroll(state, call, kind, id))),
        _ => None,
    }
}

fn filters(state: &State, kind: Kind) -> Reply {
    let updated_at = shown_moment(jiff::Timestamp::from_second(1_767_595_479).unwrap_or_default(), &state.config.zone);
    let rows = views(kind).into_iter().map(|view| {
        let permissions = if view.is_default { json!([]) } else { json!(["read_edit_only", "can_delete_only"]) };
        json!({
            "id": view.id,
            "name": translate(state.language, view.name),
            "model_class_name": kind.class(),
            "user_id": 0,
            "is_default": view.is_default,
            "updated_at": updated_at,
            "user_name": null,
            "current_user_permissions": permissions,
        })
    });
    Reply::json(json!({"filters": rows.collect::<Vec<_>>(), "meta": {}}))
}

fn view(kind: Kind, id: i64) -> Result<View, Refusal> {
    views(kind).into_iter().find(|view| view.id == id).ok_or(Refusal::NotFound)
}

fn page_of_view(state: &State, call: &Call, kind: Kind, id: i64) -> Answer {
    let rule = view(kind, id)?.rule;
    let page = Page::of(state, call, None);
    let order = Order::of(call.query("sort"), call.query("sort_type"), rule);
    let (records, total) = select(state, kind, rule, &order, page);
    let includes = call.includes();
    let render = Render::new(state, call.generation, &includes);
    let mut list = WrittenList::new(render);
    records.iter().for_each(|record| list.add(record));
    let mut meta = page.meta(state, total);
    if call.generation == Generation::Suite && !records.is_empty() {
        let avatars: Map<String, Value> = records.iter().map(|record| (record.id.to_string(), Value::Null)).collect();
        meta["avatar_data"] = json!({kind.class(): avatars});
    }
    Ok(list.reply(kind, Some(&meta)))
}

/// How rows are sorted; the id breaks every tie, so that pages never overlap.
struct Order {
    attribute: String,
    descending: bool,
}

impl Order {
    fn of(sort: Option<&str>, sort_type: Option<&str>, rule: Rule) -> Self {
        let default = if rule.is_recycle_bin() { "updated_at" } else { "id" };
        let descending =
            sort_type.map_or(sort.is_none() && default == "updated_at", |word| word.eq_ignore_ascii_case("desc"));
        Self { attribute: sort.filter(|sort| !sort.is_empty()).unwrap_or(default).to_owned(), descending }
    }

    fn compare(&self, state: &State, one: &Record, other: &Record) -> Ordering {
        let order = match self.attribute.as_str() {
            "id" => Ordering::Equal,
            "created_at" => one.created_at.cmp(&other.created_at),
            "updated_at" => one.updated_at.cmp(&other.updated_at),
            "open_deals_amount" => roll_up(state, one).cmp(&roll_up(state, other)),
            "amount" => Money::parse(one.get("amount")).cmp(&Money::parse(other.get("amount"))),
            name => compare_values(one.get(name), other.get(name)),
        };
        let order = order.then(one.id.cmp(&other.id));
        if self.descending { order.reverse() } else { order }
    }
}

fn roll_up(state: &State, record: &Record) -> Money {
    let render = Render::new(state, Generation::Suite, &[]);
    render.record(record).get("open_deals_amount").and_then(Money::parse).unwrap_or_default()
}

fn compare_values(one: &Value, other: &Value) -> Ordering {
    match (one, other) {
        (Value::Number(a), Value::Number(b)) => a.as_f64().partial_cmp(&b.as_f64()).unwrap_or(Ordering::Equal),
        (Value::String(a), Value::String(b)) => a.to_lowercase().cmp(&b.to_lowercase()),
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Null, _) => Ordering::Less,
        (_, Value::Null) => Ordering::Greater,
        _ => Ordering::Equal,
    }
}

/// The rows of one page and the number of rows in all. Sorting by id or update walks an index that is in order already.
fn select(state: &State, kind: Kind, rule: Rule, order: &Order, page: Page) -> (Vec<Arc<Record>>, usize) {
    let table = state.table(kind);
    let binned = rule.is_recycle_bin();
    let holds_all = binned || (rule == Rule::All && matches!(kind, Kind::Contact | Kind::SalesAccount));
    // What programs that copy everything, or poll for changes, ask over and over.
    if holds_all && order.attribute == "updated_at" {
        let total = if binned { table.deleted_count() } else { table.live_count() };
        return (table.page_by_update(binned, order.descending, page.skipped(), page.rows), total);
    }
    if holds_all && !binned && order.attribute == "id" {
        return (table.page_by_id(order.descending, page.skipped(), page.rows), table.live_count());
    }
    let context = ViewContext { catalog: &state.catalog, now: state.now() };
    let in_order: Box<dyn DoubleEndedIterator<Item = &Arc<Record>>> = match order.attribute.as_str() {
        "id" if !binned => Box::new(table.live()),
        _ => Box::new(table.by_update(binned)),
    };
    let held = in_order.filter(|record| rule.holds(record, &context));
    let walks_index = order.attribute == "updated_at" || (order.attribute == "id" && !binned);
    let mut rows: Vec<&Arc<Record>> = held.collect();
    let total = rows.len();
    if !walks_index {
        rows.sort_by(|one, other| order.compare(state, one, other));
    } else if order.descending {
        rows.reverse();
    }
    (page.of_rows(rows.into_iter()).into_iter().cloned().collect(), total)
}

fn scroll(state: &State, call: &Call, kind: Kind, id: i64) -> Answer {
    let rule = view(kind, id)?.rule;
    let limit = call.number("limit").or_else(|| call.number("per_page")).unwrap_or(100);
    let limit = super::paging::rows_of(state, limit);
    let after = call.query("last_fetched_id").and_then(|id| id.parse().ok()).unwrap_or(0);
    let context = ViewContext { catalog: &state.catalog, now: state.now() };
    let includes = call.includes();
    let render = Render::new(state, call.generation, &includes);
    let mut list = WrittenList::new(render);
    let held = state.table(kind).after(after).filter(|record| record.deleted == rule.is_recycle_bin());
    held.filter(|record| rule.holds(record, &context)).take(limit).for_each(|record| list.add(record));
    Ok(list.reply(kind, None))
}
