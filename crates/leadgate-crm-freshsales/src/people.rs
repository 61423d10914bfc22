//! People: leads and contacts on Classic accounts, contacts alone on Suite accounts.

use std::collections::{BTreeMap, BTreeSet};

use freshsales::contacts::ContactAttributes;
use freshsales::filtered_search::{Operator, Rule};
use freshsales::jobs::{BulkItem, JobId, JobPhase};
use freshsales::leads::LeadAttributes;
use freshsales::listing::{ListRequest as _, ListRow as _, Place};
use freshsales::lookup::Entity;
use freshsales::{Record, contacts, filtered_search, jobs, leads, lists, lookup};
use leadgate_core::crm::{Among, BulkState, CrmFailure, CrmReply, LookupBy};
use leadgate_core::identity::Email;
use leadgate_core::record::{Fields, RecordKind, RecordRef, Snapshot};
use serde_json::Value;

use crate::Account;
use crate::fields::{addresses, attributes, snapshot};
use crate::rows::list::{ListedRow, RawList};

/// Rows of a page of a search: the most that the CRM gives.
const PAGE: u32 = 100;
/// Pages of one search at most. Where so many people are there, fewer addresses are searched for at once.
const MOST_PAGES: u32 = 8;
/// Rows that are looked at before others have the thread.
const ROWS_AT_ONCE: usize = 8;

impl Account<'_, '_> {
    fn contact(&self, contact: &freshsales::contacts::Contact) -> Snapshot {
        snapshot(RecordKind::Contact, contact.id, &contact.to_value())
    }

    fn lead(&self, lead: &freshsales::leads::Lead) -> Snapshot {
        snapshot(RecordKind::Lead, lead.id, &lead.to_value())
    }

    pub(crate) async fn find_person(mut self, by: &LookupBy) -> Result<CrmReply, CrmFailure> {
        let entities = if self.has_leads() { vec![Entity::Contact, Entity::Lead] } else { vec![Entity::Contact] };
        let (field, value) = match by {
            LookupBy::Email(email) => ("email", email.as_str()),
            LookupBy::Phone(number) => ("mobile_number", number.as_str()),
        };
        let found = self.send(lookup::by(field, value, entities)).await?;
        let contacts = found.contacts.iter().map(|contact| self.contact(contact));
        let leads = found.leads.iter().map(|lead| self.lead(lead));
        Ok(CrmReply::Found(contacts.chain(leads).collect()))
    }

    pub(crate) async fn find_people(self, among: Among, emails: &[Email]) -> Result<CrmReply, CrmFailure> {
        match among {
            Among::Contacts => self.search::<freshsales::contacts::Contact>(RecordKind::Contact, emails).await,
            Among::Leads => self.search::<freshsales::leads::Lead>(RecordKind::Lead, emails).await,
        }
    }

    /// Whether as many contacts have one of the addresses as there are addresses. One row is asked for; the number of all comes with it.
    pub(crate) async fn confirm_people(mut self, emails: &[Email]) -> Result<CrmReply, CrmFailure> {
        let addresses: BTreeSet<&str> = emails.iter().map(Email::as_str).collect();
        let people = self.people_with::<freshsales::contacts::Contact>(addresses.iter().copied());
        let rows = self.send(people.at(Place::Page(1), 1)).await?;
        Ok(CrmReply::Confirmed(rows.total == i64::try_from(addresses.len()).ok()))
    }

    /// Rows stay text until each is looked at, a few at a time: a page of whole people is hundreds of kilobytes, and who reads it in one go keeps
    /// everybody else waiting for the thread.
    async fn search<T: Record>(mut self, kind: RecordKind, emails: &[Email]) -> Result<CrmReply, CrmFailure> {
        let mut found: BTreeMap<Email, Vec<Snapshot>> = BTreeMap::new();
        let by_address: BTreeMap<&str, &Email> = emails.iter().map(|email| (email.as_str(), email)).collect();
        let people = self.people_with::<T>(by_address.keys().copied());
        let (mut shown_rows, mut all_belong) = (0, true);
        for page in 1..=MOST_PAGES {
            let rows = self.send(people.at(Place::Page(page), PAGE)).await?;
            for some in rows.records.chunks(ROWS_AT_ONCE) {
                for row in some {
                    let shown = person_in::<T>(row)?;
                    let held = addresses(&shown);
                    let asked_for: Vec<_> = held.iter().filter_map(|held| by_address.get(held.as_str())).collect();
                    all_belong &= !asked_for.is_empty();
                    for email in asked_for {
                        found.entry((*email).clone()).or_default().push(snapshot(kind, row.row_id(), &shown));
                    }
                }
                tokio::task::yield_now().await;
            }
            shown_rows += i64::try_from(rows.records.len()).unwrap_or(i64::MAX);
            let upto = |pages: u32| i64::from(pages) * i64::from(PAGE);
            if rows.records.is_empty() || rows.total.is_none_or(|total| total <= upto(page)) {
                let is_whole = all_belong && rows.total == Some(shown_rows);
                return Ok(CrmReply::FoundMany { people: found, is_whole });
            }
            if rows.total.is_some_and(|total| total > upto(MOST_PAGES)) {
                break;
            }
        }
        // Whoever is not among the rows read may be on the pages that were not: nobody may be taken for missing.
        Err(CrmFailure::Incomplete(format!("more than {} rows for {} addresses", MOST_PAGES * PAGE, emails.len())))
    }

    /// Whoever has one of the addresses, with all that the CRM shows of them.
    fn people_with<'e, T: Record>(&self, addresses: impl Iterator<Item = &'e str>) -> RawList {
        let wanted: Vec<Value> = addresses.map(Value::from).collect();
        let rule = Rule::new(format!("{}_email.email", T::SINGULAR), Operator::IsIn, wanted);
        let search = filtered_search::by_rules::<T>(vec![rule]).full_rows();
        RawList::of(search, T::PLURAL, self.client.generation())
    }

    pub(crate) async fn read_person(mut self, record: RecordRef) -> Result<CrmReply, CrmFailure> {
        let relations = ["owner", "source", "campaign"];
        let snapshot = match record.kind {
            RecordKind::Lead => {
                let single = self.send(leads::view(record.id).include(relations)).await?;
                not_in_the_bin(&single.record.to_value())?;
                self.lead(&single.record)
            }
            _ => {
                let all = relations.into_iter().chain(["sales_accounts"]);
                let single = self.send(contacts::view(record.id).include(all)).await?;
                not_in_the_bin(&single.record.to_value())?;
                self.contact(&single.record)
            }
        };
        Ok(CrmReply::Record(snapshot))
    }

    pub(crate) async fn create_person(mut self, fields: &Fields) -> Result<CrmReply, CrmFailure> {
        let snapshot = if self.has_leads() {
            let single = self.send(leads::create(lead_attributes(fields))).await?;
            self.lead(&single.record)
        } else {
            let single = self.send(contacts::create(contact_attributes(fields))).await?;
            self.contact(&single.record)
        };
        Ok(CrmReply::Record(snapshot))
    }

    pub(crate) async fn upsert_person(mut self, email: &Email, fields: &Fields) -> Result<CrmReply, CrmFailure> {
        let key = contacts::UniqueKey::emails(email.as_str());
        let snapshot = if self.has_leads() {
            let single = self.send(leads::upsert(key, lead_attributes(fields))).await?;
            self.lead(&single.record)
        } else {
            let single = self.send(contacts::upsert(key, contact_attributes(fields))).await?;
            self.contact(&single.record)
        };
        Ok(CrmReply::Record(snapshot))
    }

    pub(crate) async fn update_person(mut self, record: RecordRef, fields: &Fields) -> Result<CrmReply, CrmFailure> {
        let snapshot = match record.kind {
            RecordKind::Lead => {
                let single = self.send(leads::update(record.id, lead_attributes(fields))).await?;
                self.lead(&single.record)
            }
            _ => {
                let single = self.send(contacts::update(record.id, contact_attributes(fields))).await?;
                self.contact(&single.record)
            }
        };
        Ok(CrmReply::Record(snapshot))
    }

    pub(crate) async fn delete_person(mut self, record: RecordRef) -> Result<CrmReply, CrmFailure> {
        match record.kind {
            RecordKind::Lead => drop(self.send(leads::delete(record.id)).await?),
            _ => drop(self.send(contacts::delete(record.id)).await?),
        }
        Ok(CrmReply::Done)
    }

    pub(crate) async fn forget_person(mut self, record: RecordRef) -> Result<CrmReply, CrmFailure> {
        match record.kind {
            RecordKind::Lead => drop(self.send(leads::forget(record.id)).await?),
            _ => drop(self.send(contacts::forget(record.id)).await?),
        }
        Ok(CrmReply::Done)
    }

    pub(crate) async fn convert_lead(mut self, lead: i64, fields: &Fields) -> Result<CrmReply, CrmFailure> {
        let single = self.send(leads::convert(lead, lead_attributes(fields))).await?;
        Ok(CrmReply::Record(self.contact(&single.record)))
    }

    pub(crate) async fn add_to_list(mut self, list: i64, contact: i64) -> Result<CrmReply, CrmFailure> {
        self.send(lists::add_contacts(list, [contact])).await?;
        Ok(CrmReply::Done)
    }

    pub(crate) async fn upsert_people(mut self, people: &[(Email, Fields)]) -> Result<CrmReply, CrmFailure> {
        let item = |(email, fields): &(Email, Fields)| {
            BulkItem::new(contacts::UniqueKey::emails(email.as_str()), contact_attributes(fields))
        };
        let started = self.send(contacts::bulk_upsert(people.iter().map(item).collect())).await?;
        Ok(CrmReply::BulkStarted { ticket: started.id.as_str().to_owned() })
    }

    pub(crate) async fn bulk_status(mut self, ticket: &str) -> Result<CrmReply, CrmFailure> {
        let id = JobId::new(ticket).ok_or(CrmFailure::NotFound)?;
        let job = self.send(jobs::status(id)).await?;
        if job.phase() == JobPhase::Running {
            return Ok(CrmReply::Bulk(BulkState::Running));
        }
        let report = job.report().unwrap_or_default();
        let by_address = |failure: &jobs::ItemFailure| match failure.key() {
            Some(("emails" | "email", address)) => Some((address.to_lowercase(), failure.sentences())),
            _ => None,
        };
        let failed: BTreeMap<String, Vec<String>> = report.failures().iter().filter_map(by_address).collect();
        let counted = u32::try_from(report.failed()).unwrap_or(u32::MAX);
        // A job that failed as a whole, without a report, may have left anybody out.
        let failed_count = if job.phase() == JobPhase::Failed && counted == 0 { u32::MAX } else { counted };
        Ok(CrmReply::Bulk(BulkState::Finished { failed, failed_count }))
    }
}

/// The person in a row, with the values of the kind's own fields as its type has them. A value that cannot be read may be the address that was searched
/// for, so it fails the search: nobody may be taken for missing.
fn person_in<T: Record>(listed: &ListedRow) -> Result<Value, CrmFailure> {
    let record = listed.row.read_object().and_then(|fields| serde_json::from_value::<T>(Value::Object(fields)));
    record.and_then(serde_json::to_value).map_err(|error| {
        CrmFailure::Malformed(format!("{} {} of the search cannot be read: {error}", T::SINGULAR, listed.row_id()))
    })
}

/// Whether accounts show a record that is in the recycle bin or say that there is none is not known; both mean the same here.
fn not_in_the_bin(shown: &Value) -> Result<(), CrmFailure> {
    if shown.get("is_deleted") == Some(&Value::Bool(true)) { Err(CrmFailure::NotFound) } else { Ok(()) }
}

fn contact_attributes(fields: &Fields) -> ContactAttributes {
    ContactAttributes::from(attributes(RecordKind::Contact, fields))
}

fn lead_attributes(fields: &Fields) -> LeadAttributes {
    LeadAttributes::from(attributes(RecordKind::Lead, fields))
}
