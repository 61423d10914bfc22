//! Every documented example is read by a request of its kind and written back: a lost field fails.

use freshsales::appointments::Appointment;
use freshsales::contacts::Contact;
use freshsales::cpq_documents::CpqDocument;
use freshsales::custom_modules::{self, CustomModule};
use freshsales::deals::Deal;
use freshsales::fields::FieldAttributes;
use freshsales::leads::Lead;
use freshsales::notes::{Note, TargetKind};
use freshsales::products::Product;
use freshsales::sales_accounts::SalesAccount;
use freshsales::sales_activities::SalesActivity;
use freshsales::tasks::Task;
use freshsales::{Record, activities, contacts, conversations, documents, fields, selectors, teams, verbs, views};
use serde_json::{Value, json};

use crate::fixtures::{assert_written_back, page, read, single};
use crate::script::{Exchange, exchanges};

/// The reply of one record, if it is one of this kind.
fn one<T: Record>(exchange: &Exchange, body: &Value) -> Option<Value> {
    body[T::SINGULAR].is_object().then(|| single(&read(exchange, &verbs::view::<T>(1))))
}

fn one_of_any(exchange: &Exchange, body: &Value) -> Option<Value> {
    one::<Contact>(exchange, body)
        .or_else(|| one::<Lead>(exchange, body))
        .or_else(|| one::<SalesAccount>(exchange, body))
        .or_else(|| one::<Deal>(exchange, body))
        .or_else(|| one::<Appointment>(exchange, body))
        .or_else(|| one::<SalesActivity>(exchange, body))
        .or_else(|| one::<Product>(exchange, body))
        .or_else(|| one::<CpqDocument>(exchange, body))
        .or_else(|| one::<CustomModule>(exchange, body))
}

fn rows<T: Record>(exchange: &Exchange) -> Value {
    page(T::PLURAL, &read(exchange, &views::rows::<T>(1)))
}

/// What the path lists: `notes` in `deals/1/notes`, `deal` in `filtered_search/deal`, `deals` in `deals/scroll/1`.
fn listed(path: &str) -> &str {
    let path = path.split('?').next().unwrap();
    match path.split('/').collect::<Vec<_>>()[..] {
        ["filtered_search" | "selector", what] | ["custom_module", what, ..] => what,
        ["settings", .., what] => what,
        [_, _, what] if !path.contains("/view/") && !path.contains("/scroll/") => what,
        [_, what @ "filters"] => what,
        [what, ..] => what,
        [] => "",
    }
}

fn many(exchange: &Exchange) -> Value {
    let of = TargetKind::Contact;
    match listed(&exchange.path) {
        "contacts" | "duplicates" => rows::<Contact>(exchange),
        "lead" => rows::<Lead>(exchange),
        "sales_accounts" | "sales_account" => rows::<SalesAccount>(exchange),
        "deals" => rows::<Deal>(exchange),
        "notes" => rows::<Note>(exchange),
        "tasks" => rows::<Task>(exchange),
        "appointments" => rows::<Appointment>(exchange),
        "activities" => page("activities", &read(exchange, &activities::of_record(of, 1))),
        "timeline_feeds" => page("timeline_feeds", &read(exchange, &activities::timeline(of, 1))),
        "conversations" => page("email_conversations", &read(exchange, &conversations::of_record_in_api(of, 1))),
        "document_associations" => json!(read(exchange, &documents::of_record(of, 1))),
        "filters" => json!({ "filters": read(exchange, &views::saved::<Lead>()) }),
        "fields" if exchange.method == "POST" => {
            json!({ "field": read(exchange, &fields::create("contacts", 1, FieldAttributes::new())) })
        }
        "fields" => json!({ "fields": read(exchange, &fields::list::<Lead>()) }),
        "module_customizations" => json!({ "module_customizations": read(exchange, &custom_modules::all()) }),
        "manage_team_members" => json!({ "team_users": read(exchange, &teams::manage::<Contact>(1, [])) }),
        "deal_products" => json!({ "deal_products": read(exchange, &selectors::deal_products()) }),
        "designations" => json!({ "designations": read(exchange, &selectors::designations()) }),
        "lead_reasons" => json!({ "lead_reasons": read(exchange, &selectors::lead_reasons()) }),
        other => panic!("{}: no reader for {other}", exchange.name),
    }
}

fn of_module(exchange: &Exchange, body: &Value) -> Value {
    let projects = custom_modules::of("cm_project");
    if body["cm_project"].is_object() {
        return json!({ "cm_project": read(exchange, &projects.view(1)).record });
    }
    page("cm_projects", &read(exchange, &projects.search(vec![])))
}

#[test]
fn every_documented_reply_loses_nothing() {
    let replies = exchanges("documented");
    assert!(!replies.is_empty());
    for exchange in replies {
        let body: Value = serde_json::from_slice(&exchange.body).unwrap_or_default();
        let written = match () {
            () if exchange.method == "DELETE" => {
                read(&exchange, &contacts::delete(1));
                continue;
            }
            () if body.get("message").is_some() => {
                json!({ "message": read(&exchange, &contacts::bulk_destroy([1])).message })
            }
            () if listed(&exchange.path) == "cm_project" => of_module(&exchange, &body),
            () => one_of_any(&exchange, &body).unwrap_or_else(|| many(&exchange)),
        };
        assert_written_back(&exchange, written);
    }
}
