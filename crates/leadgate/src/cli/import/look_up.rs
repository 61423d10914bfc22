//! Who of a file is in the account already: a search for thousands of addresses at a time, with its cost said beforehand.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::anyhow;
use freshsales::Credentials;
use leadgate_core::catalog::{Section, SectionContent};
use leadgate_core::crm::{Among, Crm, CrmAnswer, CrmCall, CrmReply};
use leadgate_core::identity::Email;
use leadgate_core::pack::{WIDEST, Width, width_after};
use leadgate_crm_freshsales::{FreshsalesCrm, FreshsalesSettings, Network};
use serde_json::{Value, json};

use super::file::{Made, Prepared};
use crate::config::{self, Effective};
use crate::exit::{Exit, Failure};
use crate::screen::Screen;
use crate::wiring::SystemClock;

/// So many addresses in one search are known to be taken.
const SURELY_TAKEN: usize = 100;

pub(super) async fn look_up(prepared: &Prepared, effective: &Effective, screen: &Screen) -> Result<Value, Failure> {
    let credentials: Credentials = config::account_of(&effective.settings.crm)?;
    let timeout = effective.settings.crm.total_timeout;
    let settings = FreshsalesSettings { credentials, timeout, remembered: None, network: Network::default() };
    let crm = FreshsalesCrm::new(settings, Arc::new(SystemClock));
    let emails = addresses(prepared)?;
    let (separate_leads, mut requests) = account(&crm).await?;
    let kinds = if separate_leads { vec![Among::Contacts, Among::Leads] } else { vec![Among::Contacts] };
    let searches = emails.len().div_ceil(WIDEST) * kinds.len();
    screen.warn(&format!(
        "looking up {} addresses costs {searches} requests of the account's quota, and one more for each hundred that are there",
        emails.len()
    ));
    let (mut found, mut widest) = (BTreeSet::new(), WIDEST);
    for among in kinds {
        let mut rest = emails.as_slice();
        while !rest.is_empty() {
            let piece = rest.len().min(widest);
            let call = CrmCall::FindPeople { among, emails: rest[..piece].to_vec(), likely: false };
            let answer = crm.call(call.clone()).await;
            requests += answer.requests;
            match answer.result.as_ref().map_err(|failure| width_after(&call, failure, SURELY_TAKEN)) {
                Err(Width::TooMany(most)) => {
                    widest = most;
                    continue;
                }
                _ => rest = &rest[piece..],
            }
            if let CrmReply::FoundMany { people, .. } = reply(answer)? {
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
