//! Every example is read by a request of its kind and written back: a lost field fails, and so does an example that nothing reads.
//!
//! `cargo xtask fixtures` counts them: this test writes the outcomes into the folder that `FIXTURES_COUNT` names.

use freshsales::appointments::Appointment;
use freshsales::contacts::Contact;
use freshsales::cpq_documents::CpqDocument;
use freshsales::custom_modules::{self, CustomModule};
use freshsales::deals::Deal;
use freshsales::error::ErrorBody;
use freshsales::fields::FieldAttributes;
use freshsales::leads::Lead;
use freshsales::multipart::File;
use freshsales::notes::{Note, TargetKind};
use freshsales::phone_calls::Direction;
use freshsales::products::Product;
use freshsales::sales_accounts::SalesAccount;
use freshsales::sales_activities::SalesActivity;
use freshsales::tasks::Task;
use freshsales::{
    Record, activities, contacts, conversations, cpq_documents, documents, fields, jobs, lists, phone_calls, search,
    suggestions, teams, verbs, views,
};
use serde_json::{Value, json};

use crate::fixtures::{assert_written_back, found, page, read, selected, single};
use crate::script::{Exchange, exchanges, files};

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
        .or_else(|| one::<Note>(exchange, body))
        .or_else(|| one::<Task>(exchange, body))
}

fn rows<T: Record>(exchange: &Exchange) -> Value {
    page(T::PLURAL, &read(exchange, &views::rows::<T>(1)))
}

/// What the path lists: `notes` in `deals/1/notes`, `deal` in `filtered_search/deal`, `deals` in `deals/scroll/1`.
fn listed(path: &str) -> &str {
    let path = path.split('?').next().unwrap();
    match path.split('/').collect::<Vec<_>>()[..] {
        ["filtered_search" | "selector", what] | ["custom_module", what, ..] => what,
        ["settings" | "cpq", .., what] | [_, what @ "filters"] | [_, _, what @ "conversations", _] => what,
        [what, "view" | "scroll" | "lists", _] | [_, _, what] | [what, ..] => what,
        [] => "",
    }
}

fn many(exchange: &Exchange) -> Value {
    match listed(&exchange.path) {
        "contacts" | "contact" | "duplicates" => rows::<Contact>(exchange),
        "leads" | "lead" => rows::<Lead>(exchange),
        "sales_accounts" | "sales_account" => rows::<SalesAccount>(exchange),
        "deals" | "deal" => rows::<Deal>(exchange),
        "notes" => rows::<Note>(exchange),
        "tasks" => rows::<Task>(exchange),
        "appointments" => rows::<Appointment>(exchange),
        "sales_activities" => rows::<SalesActivity>(exchange),
        "lists" => page("lists", &read(exchange, &lists::all())),
        what => of_record(exchange, what).or_else(|| of_settings(exchange, what)).unwrap_or_else(|| {
            panic!("{}: {}: no reader for {what}", exchange.file, exchange.name);
        }),
    }
}

/// What hangs on one record.
fn of_record(exchange: &Exchange, what: &str) -> Option<Value> {
    let of = TargetKind::Contact;
    Some(match what.trim_end_matches(".json") {
        "activities" => page("activities", &read(exchange, &activities::of_record(of, 1))),
        "timeline_feeds" => page("timeline_feeds", &read(exchange, &activities::timeline(of, 1))),
        "conversations" => page("email_conversations", &read(exchange, &conversations::of_record_in_api(of, 1))),
        "document_associations" => json!(read(exchange, &documents::of_record(of, 1))),
        "documents" => {
            let upload = documents::upload(of, 1, File::new("x", "text/plain", "x"));
            json!({ "document": read(exchange, &upload) })
        }
        "document_links" => json!({ "document_link": read(exchange, &documents::link(of, 1, "x", "x")) }),
        "related_products" => json!({ "products": read(exchange, &cpq_documents::related_products(1)) }),
        "manage_team_members" => json!({ "team_users": read(exchange, &teams::manage::<Contact>(1, [])) }),
        "phone_calls" => {
            let output = read(exchange, &phone_calls::log(Direction::Incoming, of, 1));
            let mut fields = output.side_loads.as_map().clone();
            fields.insert("phone_calls".to_owned(), json!([output.record]));
            Value::Object(fields)
        }
        _ => return None,
    })
}

fn of_settings(exchange: &Exchange, what: &str) -> Option<Value> {
    Some(match what {
        "filters" => json!({ "filters": read(exchange, &views::saved::<Lead>()) }),
        "fields" if exchange.method == "POST" => {
            json!({ "field": read(exchange, &fields::create("contacts", 1, FieldAttributes::new())) })
        }
        "fields" => json!({ "fields": read(exchange, &fields::list::<Lead>()) }),
        "forms" => json!({ "forms": read(exchange, &fields::forms::<Contact>()) }),
        "module_customizations" => json!({ "module_customizations": read(exchange, &custom_modules::all()) }),
        "job_statuses" => json!(read(exchange, &jobs::status(jobs::JobId::new("1").unwrap()))),
        _ => return None,
    })
}

fn of_module(exchange: &Exchange, body: &Value) -> Value {
    let projects = custom_modules::of("cm_project");
    if body["cm_project"].is_object() {
        return json!({ "cm_project": read(exchange, &projects.view(1)).record });
    }
    page("cm_projects", &read(exchange, &projects.search(vec![])))
}

/// A sentence about many records, and the job that was started for them. Of the job's URL only the id is kept: the key goes to no other host.
fn sentence(exchange: &Exchange, body: &Value) -> Value {
    let Some((place, _)) = body["job_status_url"].as_str().and_then(|url| url.rsplit_once('/')) else {
        return json!(read(exchange, &contacts::bulk_destroy([1])));
    };
    let started = read(exchange, &contacts::bulk_upsert(vec![]));
    json!({ "message": started.message, "job_status_url": format!("{place}/{}", started.id.as_str()) })
}

fn granted(exchange: &Exchange, body: &Value) -> Value {
    let path = exchange.path.split('?').next().unwrap();
    match path {
        "search" => json!(read(exchange, &search::query("x", ["contact"]))),
        "lookup" => found(exchange),
        // Handed on as they came: no reply was ever seen.
        _ if path.starts_with("search/auto_suggest/") => read(exchange, &suggestions::lists("x")),
        _ if path.ends_with("/activity_counts") => {
            read(exchange, &activities::counts(TargetKind::Contact, 1, ["notes"]))
        }
        _ if path.starts_with("selector/") => selected(exchange),
        _ if body["message"].is_string() => sentence(exchange, body),
        _ if listed(path) == "cm_project" => of_module(exchange, body),
        _ if body["list"].is_object() => json!({ "list": read(exchange, &lists::create("x")).record }),
        _ => one_of_any(exchange, body).unwrap_or_else(|| many(exchange)),
    }
}

/// What the client keeps of a refusal.
fn refused(exchange: &Exchange) -> Value {
    let read = ErrorBody::read(&exchange.body);
    let mut errors = json!({ "code": read.code, "error_code": read.error_code, "message": &*read.sentences });
    errors.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    json!({ "errors": errors })
}

/// Bodies that hold nothing to write back.
fn reason_to_keep_nothing(exchange: &Exchange, body: Option<&Value>) -> Option<&'static str> {
    match body {
        None => Some("without a body of the API"),
        Some(body) if exchange.method == "DELETE" && exchange.status < 300 && body["message"].is_null() => {
            Some("confirms that a record is gone")
        }
        Some(body) if body["login"] == "failed" => Some("says that the key is wrong"),
        Some(body) if body["login"] == "success" => Some("hands out a token for a password; the client has a key"),
        Some(_) => None,
    }
}

/// The body written back and compared, or the reason why there is nothing to compare.
fn outcome(exchange: &Exchange) -> &'static str {
    let body: Option<Value> = serde_json::from_slice(&exchange.body).ok();
    if let Some(reason) = reason_to_keep_nothing(exchange, body.as_ref()) {
        if exchange.status < 300 && exchange.method == "DELETE" {
            read(exchange, &contacts::delete(1));
        }
        return reason;
    }
    let body = body.unwrap_or_default();
    assert_written_back(exchange, if exchange.status < 300 { granted(exchange, &body) } else { refused(exchange) });
    "same"
}

#[test]
fn every_example_loses_nothing() {
    let all: Vec<Exchange> = files().iter().flat_map(|file| exchanges(file)).collect();
    assert!(all.len() > 200, "examples are missing");
    let outcomes = all.iter().map(|exchange| format!("{}\t{}\t{}\n", exchange.file, exchange.name, outcome(exchange)));
    write_down(&outcomes.collect::<String>());
}

/// Hands the outcomes to `cargo xtask fixtures`, where it asked for them.
#[expect(clippy::disallowed_methods, reason = "a switch of this test, not a setting")]
fn write_down(outcomes: &str) {
    if let Some(folder) = std::env::var_os("FIXTURES_COUNT") {
        std::fs::write(std::path::Path::new(&folder).join("client"), outcomes).unwrap();
    }
}
