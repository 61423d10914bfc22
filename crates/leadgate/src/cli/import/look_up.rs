//! Who of a file is in the account already: a search for up to five hundred addresses at a time, with its cost said beforehand.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::anyhow;
use freshsales::Credentials;
use leadgate_core::catalog::{Section, SectionContent};
use leadgate_core::crm::{Among, Crm, CrmAnswer, CrmCall, CrmReply};
use leadgate_core::identity::Email;
use leadgate_crm_freshsales::{FreshsalesCrm, FreshsalesSettings};
use serde_json::{Value, json};

use super::file::{Made, Prepared};
use crate::config::{self, Effective};
use crate::exit::{Exit, Failure};
use crate::screen::Screen;
use crate::wiring::SystemClock;

/// Addresses of one search.
const AT_ONCE: usize = 500;

pub(super) async fn look_up(prepared: &Prepared, effective: &Effective, screen: &Screen) -> Result<Value, Failure> {
    let credentials: Credentials = config::account_of(&effective.settings.crm)?;
    let timeout = effective.settings.crm.total_timeout;
    let settings = FreshsalesSettings { credentials, timeout, remembered: None };
    let crm = FreshsalesCrm::new(settings, Arc::new(SystemClock));
    let emails = addresses(prepared)?;
    let (separate_leads, mut requests) = account(&crm).await?;
    let kinds = if separate_leads { vec![Among::Contacts, Among::Leads] } else { vec![Among::Contacts] };
    let searches = emails.len().div_ceil(AT_ONCE) * kinds.len();
    screen.warn(&format!(
        "looking up {} addresses costs {searches} requests of the account's quota, and one more for each hundred that are there",
        emails.len()
    ));
    let mut found: BTreeSet<Email> = BTreeSet::new();
    for piece in emails.chunks(AT_ONCE) {
        for among in &kinds {
            let call = CrmCall::FindPeople { among: *among, emails: piece.to_vec(), likely: false };
            let answer = crm.call(call).await;
            requests += answer.requests;
            if let CrmReply::FoundMany(people) = reply(answer)? {
                found.extend(people.into_keys());
            }
        }
    }
    Ok(json!({ "looked_up": emails.len(), "found": found.len(), "requests": requests }))
}

async fn account(crm: &FreshsalesCrm) -> Result<(bool, u32), Failure> {
    let answer = crm.call(CrmCall::ReadCatalog(Section::Account)).await;
    let requests = answer.requests;
    match reply(answer)? {
        CrmReply::Catalog(SectionContent::Account(facts)) => Ok((facts.separate_leads, requests)),
        _ => Ok((false, requests)),
    }
}

fn reply(answer: CrmAnswer) -> Result<CrmReply, Failure> {
    answer.result.map_err(|failure| Failure::new(Exit::Refused, anyhow!("asking the account failed: {failure}")))
}

/// Digests would do to find duplicates; to ask, the addresses themselves are needed.
fn addresses(prepared: &Prepared) -> Result<Vec<Email>, Failure> {
    let mut emails = Vec::new();
    prepared.each(&mut |_, made| {
        if let Made::Lead(lead) = made {
            emails.extend(lead.get("email").and_then(Value::as_str).and_then(|text| Email::parse(text).ok()));
        }
        true
    })?;
    Ok(emails)
}
