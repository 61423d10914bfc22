//! Every reader of the client: each takes a reply's body, reads it as one request would, uses what it read, and writes records back.

use freshsales::activities;
use freshsales::appointments::{self, AppointmentFilter};
use freshsales::contacts::{Contact, ContactAttributes};
use freshsales::cpq_documents::CpqDocument;
use freshsales::custom_fields::CustomFields;
use freshsales::custom_modules::{self, CustomModule, ModuleRecordAttributes};
use freshsales::deals::{Deal, DealAttributes};
use freshsales::fields::FieldDefinition;
use freshsales::jobs::{BulkItem, JobId};
use freshsales::leads::{Lead, LeadAttributes};
use freshsales::lookup::Entity;
use freshsales::multipart::File;
use freshsales::notes::{Note, TargetKind};
use freshsales::phone_calls::Direction;
use freshsales::products::Product;
use freshsales::sales_accounts::SalesAccount;
use freshsales::sales_activities::SalesActivity;
use freshsales::tasks::{Task, TaskFilter};
use freshsales::verbs::{self, UniqueKey};
use freshsales::{
    Record, Request, contacts, conversations, cpq_documents, deals, documents, duplicates, fields, filtered_search,
    jobs, leads, lists, lookup, notes, phone_calls, products, recycle_bin, sales_activities, search, selectors,
    suggestions, tasks, teams, views,
};
use http::StatusCode;
use serde_json::{Value, json};

/// One reader.
pub type Reader = fn(&[u8]);

/// All of them; an input chooses one by its number.
pub const READERS: &[Reader] = &[
    single::<Contact>,
    single::<Lead>,
    single::<SalesAccount>,
    single::<Deal>,
    single::<Task>,
    single::<Note>,
    single::<SalesActivity>,
    single::<appointments::Appointment>,
    single::<Product>,
    single::<CpqDocument>,
    single::<CustomModule>,
    list::<Contact>,
    list::<Lead>,
    list::<SalesAccount>,
    list::<Deal>,
    list::<Task>,
    metadata::<Contact>,
    metadata::<Deal>,
    metadata::<Lead>,
    metadata::<SalesAccount>,
    |body| _ = read(&contacts::bulk_upsert(vec![item()]), body).map(|job| job.id),
    job,
    |body| _ = read(&contacts::bulk_destroy([1]), body),
    |body| _ = read(&contacts::delete(1), body),
    |body| _ = read(&contacts::forget(1), body),
    |body| _ = read(&contacts::clone(1, ContactAttributes::new()), body),
    |body| _ = read(&leads::convert(1, LeadAttributes::new()), body),
    |body| _ = read(&deals::upsert(UniqueKey::id(1), DealAttributes::new()), body),
    |body| _ = read(&deals::of_contact(1), body).map(|page| page.has_next(1)),
    |body| _ = read(&lookup::by("email", "x", [Entity::Contact, Entity::Lead]), body),
    |body| _ = read(&search::query("x", ["contact", "deal"]), body),
    |body| _ = read(&suggestions::tags::<Contact>("x"), body),
    |body| _ = read(&suggestions::contacts("x", Some(1)), body),
    |body| _ = read(&duplicates::of_contact(1), body),
    |body| _ = read(&activities::of_record(TargetKind::Contact, 1), body),
    |body| _ = read(&activities::timeline(TargetKind::Deal, 1), body),
    |body| _ = read(&activities::counts(TargetKind::Deal, 1, ["note"]), body),
    |body| _ = read(&conversations::of_record(TargetKind::Contact, 1), body),
    |body| _ = read(&notes::of_record(TargetKind::Deal, 1), body).map(|page| page.has_next(1)),
    |body| _ = read(&tasks::list(TaskFilter::Open), body).map(|page| page.listed()),
    |body| _ = read(&tasks::of_record(TargetKind::Deal, 1), body),
    |body| _ = read(&appointments::list(AppointmentFilter::Past), body).map(|page| page.listed()),
    |body| _ = read(&sales_activities::list(), body).map(|page| page.listed()),
    |body| _ = read(&documents::of_record(TargetKind::Contact, 1), body),
    |body| _ = read(&documents::link(TargetKind::Contact, 1, "https://example.com", "x"), body),
    |body| _ = read(&documents::upload(TargetKind::Contact, 1, File::new("x", "text/plain", "x")), body),
    |body| _ = read(&phone_calls::log(Direction::Incoming, TargetKind::Contact, 1), body),
    |body| _ = read(&lists::all(), body),
    |body| _ = read(&lists::create("x"), body),
    |body| _ = read(&lists::contacts(1), body).map(|page| page.has_next(1)),
    |body| _ = read(&lists::add_contacts(1, [1]), body),
    |body| _ = read(&teams::manage::<Deal>(1, []), body),
    |body| _ = read(&recycle_bin::restore::<Product>(1), body),
    |body| _ = read(&cpq_documents::forget(1), body),
    |body| _ = read(&products::bulk_destroy([1]), body),
    |body| _ = read(&cpq_documents::related_products(1), body),
    |body| _ = read(&custom_modules::all(), body),
    |body| _ = read(&custom_modules::of("cm_project").view(1), body),
    |body| _ = read(&custom_modules::of("cm_project").create(&ModuleRecordAttributes::new()), body),
    |body| _ = read(&custom_modules::of("cm_project").bulk_destroy([1]), body),
    |body| _ = read(&custom_modules::of("cm_project").search(vec![]), body),
    |body| _ = read(&custom_modules::of("cm_project").delete(1), body),
    |body| _ = read(&custom_modules::of("cm_project").forget(1), body),
    |body| _ = read(&fields::forms_of("contacts"), body),
    |body| _ = read(&selectors::owners(), body),
    |body| _ = read(&selectors::deal_stages(), body),
    |body| _ = read(&selectors::deal_pipelines(), body),
    |body| _ = read(&selectors::lifecycle_stages(), body),
    |body| _ = read(&selectors::contact_statuses(), body),
    |body| _ = read(&selectors::lead_stages(), body),
    |body| _ = read(&selectors::currencies(), body),
    |body| _ = read(&selectors::sales_activity_types(), body),
    |body| _ = read(&selectors::sales_activity_outcomes(), body),
    |body| _ = read(&selectors::territories(), body),
    |body| _ = read(&freshsales::raw::request(http::Method::GET, "x"), body),
];

/// What a request makes of the body; an error must at least print, and quote nothing.
pub fn read<R: Request>(request: &R, body: &[u8]) -> Option<R::Output> {
    request.decode(StatusCode::OK, body).map_err(|error| error.to_string()).ok()
}

fn item() -> BulkItem<ContactAttributes> {
    BulkItem::new(UniqueKey::emails("a@example.com"), ContactAttributes::new())
}

/// A record read and written again must be the same record.
fn single<T: Record>(body: &[u8]) {
    let Some(single) = read(&verbs::view::<T>(1), body) else { return };
    let written = serde_json::to_value(&single.record).expect("a record is JSON");
    assert_eq!(written["id"], json!(single.record.id()));
    let again: T = serde_json::from_value(written.clone()).expect("what was written can be read");
    let twice = serde_json::to_value(&again).expect("a record is JSON");
    assert_eq!(written, twice, "a record changed by being written and read");
    let (_, _, _) = (single.owner(), single.stage(), single.sales_accounts());
    let (_, _, _, _) = (single.contacts(), single.deals(), single.tasks(), single.notes());
}

fn list<T: Record>(body: &[u8]) {
    if let Some(page) = read(&views::rows::<T>(1), body) {
        let _more = (page.has_next(1), page.has_next(u32::MAX));
        page.listed().iter().for_each(|row| drop((row.owner(), row.lead_source(), row.sales_account())));
    }
    read(&views::scroll::<T>(1), body);
    read(&filtered_search::by_rules::<T>(vec![]), body);
    read(&views::saved::<T>(), body);
}

/// Field metadata, and the values of the body under it.
fn metadata<T: Record>(body: &[u8]) {
    read(&fields::forms::<T>(), body);
    if let Some(definitions) = read(&fields::list::<T>(), body) {
        let json: Value = serde_json::from_slice(body).unwrap_or_default();
        custom_values::<T>(&definitions, &json);
    }
}

/// What a field can read and write is then read as the same, or, where the CRM spells a choice otherwise, as what is written the same.
pub fn custom_values<T: Record>(definitions: &[FieldDefinition], json: &Value) {
    let schema = CustomFields::<T>::of(definitions);
    for field in schema.iter() {
        let Ok(Some(value)) = field.read(json) else { continue };
        if let Ok(written) = field.write(&value) {
            let again = field.read(&written).expect("what was written can be read").expect("it is not empty");
            let is_same = again == value || field.write(&again) == Ok(written);
            assert!(is_same, "a value changed by being written");
        }
    }
}

fn job(body: &[u8]) {
    let Some(job) = JobId::new("1").and_then(|id| read(&jobs::status(id), body)) else { return };
    let _phase = job.phase();
    let _results = job.item_results(&[item(), item()]);
    if let Some(report) = job.report() {
        let _failed = report.failed();
        report.failures().iter().for_each(|failure| drop((failure.key(), failure.sentences())));
    }
}
