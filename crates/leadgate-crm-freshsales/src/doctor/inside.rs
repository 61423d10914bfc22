//! Behind the door: what the gateway reads, through its own port, and what programs that list records read.

use std::sync::Arc;

use freshsales::Generation;
use leadgate_core::catalog::{AccountFacts, Section, SectionContent, SectionRead};
use leadgate_core::crm::{Crm as _, CrmCall, CrmFailure, CrmReply, LookupBy};
use leadgate_core::doctor::observed::{InsideSeen, Need, QuotaSeen, ReadTried, Went};
use leadgate_core::identity::Email;

use super::{Examination, Inside, writes};
use crate::marked::{CONTACT, DEAL, Kind, LEAD, SALES_ACCOUNT};
use crate::wire::{Ask, Wire};
use crate::{FreshsalesCrm, FreshsalesSettings, Network};

/// Nobody has it: `example.com` is reserved.
const NOBODY: &str = "leadgate-check@example.com";

pub(super) async fn look(examination: &Examination, wire: &Wire, inside: &Inside) -> InsideSeen {
    let mut seen = InsideSeen { generation: inside.generation.to_string(), ..InsideSeen::default() };
    seen.wanted = examination.wanted.clone();
    let port = port(examination, inside);
    let sections = [Section::Account, Section::Stages, Section::Sources, Section::Campaigns, Section::Owners];
    for section in sections {
        read_section(&port, wire, section, &mut seen).await;
    }
    seen.reads.push(look_up(&port, wire).await);
    for kind in kinds(inside.generation) {
        seen.reads.push(list(wire, inside, kind).await);
    }
    if let Some(ledger) = &examination.ledger {
        seen.writes = Some(writes::try_all(examination, wire, inside, ledger).await);
    }
    seen.quota = quota(wire);
    seen
}

/// The gateway's own way to the account, bound to the generation that answered.
fn port(examination: &Examination, inside: &Inside) -> FreshsalesCrm {
    let separate_leads = inside.generation == Generation::Classic;
    let facts = AccountFacts {
        generation: inside.generation.to_string(),
        separate_leads,
        contact_email_unique: None,
        lead_stage_id: None,
        bulk_people: None,
        batch_find: None,
        keyed_person_upsert: true,
    };
    let settings = FreshsalesSettings {
        credentials: examination.credentials.clone(),
        timeout: examination.timeout,
        remembered: Some(facts),
        network: Network::default(),
    };
    FreshsalesCrm::new(settings, Arc::clone(&examination.clock))
}

fn kinds(generation: Generation) -> Vec<Kind> {
    let leads = (generation == Generation::Classic).then_some(LEAD);
    leads.into_iter().chain([CONTACT, SALES_ACCOUNT, DEAL]).collect()
}

async fn read_section(port: &FreshsalesCrm, wire: &Wire, section: Section, seen: &mut InsideSeen) {
    let answer = port.call(CrmCall::ReadCatalog(section)).await;
    wire.count(answer.requests, answer.quota);
    let (content, went) = match answer.result {
        Ok(CrmReply::Catalog(content)) => (content, Went::Well),
        Ok(_) => (SectionContent::Unreadable, Went::Failed("the answer is of another kind".to_owned())),
        Err(CrmFailure::Forbidden(_)) => (SectionContent::Unreadable, Went::Forbidden),
        Err(failure) => (SectionContent::Unreadable, Went::Failed(failure.to_string())),
    };
    if let SectionContent::Account(facts) = &content {
        seen.facts = Some(described(facts));
    }
    let what = if section == Section::Account { "the account's own facts" } else { section.name() };
    seen.reads.push(ReadTried { what: what.to_owned(), need: Need::Should, went });
    seen.catalog.put(section, SectionRead { content, read_at: wire.now() });
}

fn described(facts: &AccountFacts) -> String {
    let leads = if facts.separate_leads { "leads are records of their own" } else { "a lead is a contact" };
    let unique = match facts.contact_email_unique {
        Some(true) => ", contact e-mails are unique",
        Some(false) => ", contact e-mails are not unique",
        None => "",
    };
    format!("{leads}{unique}")
}

async fn look_up(port: &FreshsalesCrm, wire: &Wire) -> ReadTried {
    let what = "people, looked up by e-mail".to_owned();
    let Ok(nobody) = Email::parse(NOBODY) else {
        return ReadTried { what, need: Need::Must, went: Went::NotTried };
    };
    let answer = port.call(CrmCall::FindPerson(LookupBy::Email(nobody))).await;
    wire.count(answer.requests, answer.quota);
    let went = match answer.result {
        Ok(_) => Went::Well,
        Err(CrmFailure::Forbidden(_)) => Went::Forbidden,
        Err(failure) => Went::Failed(failure.to_string()),
    };
    ReadTried { what, need: Need::Must, went }
}

/// The first page of the first view: what a program that lists records does.
async fn list(wire: &Wire, inside: &Inside, kind: Kind) -> ReadTried {
    let what = format!("the list of {}", kind.plural.replace('_', " "));
    let filters = wire.ask(&inside.root, Ask::get(format!("{}/filters", kind.plural))).await;
    let view = filters.json()["filters"][0]["id"].as_i64();
    let went = match (filters.went(), view) {
        (Went::Well, Some(view)) => {
            let page = Ask::get(format!("{}/view/{view}", kind.plural)).query("per_page", "1");
            wire.ask(&inside.root, page).await.went()
        }
        (went, _) => went,
    };
    ReadTried { what, need: Need::Should, went }
}

/// The first and the last word on the quota.
fn quota(wire: &Wire) -> Option<QuotaSeen> {
    let notes = wire.quota();
    let (first, last) = (notes.first()?, notes.last()?);
    Some(QuotaSeen {
        first: first.reading,
        last: last.reading,
        own_first: first.sent,
        own_between: last.sent - first.sent,
        at: last.at,
    })
}
