//! The CRM port on top of the Freshsales client: each [`CrmCall`] becomes one request of one generation, and its reply the gateway's words.
//!
//! Cast: [`FreshsalesCrm`] binds the client and routes calls; `account` finds out what kind of account it is and reads its names; `people`,
//! `companies`, `deals`, `notes`, `activities`, `changed` and `rows` make the requests; `ends` reads lists of unknown order; `fields` maps names both
//! ways; `failures` maps the client's error classes; `pass` makes requests of other programs as they are; `network` is what accounts of one process share.
//!
//! Beside the port, for looking at an account rather than working with it: [`wire`] makes single plain requests, [`marked`] keeps track of the
//! records that a look has made, [`doctor`] finds out what an installation's account lets it do, [`conformance`] asks what every account of a generation should answer alike.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod account;
mod activities;
mod changed;
mod companies;
pub mod conformance;
mod deals;
pub mod doctor;
mod ends;
mod failures;
mod fields;
pub mod marked;
mod network;
mod notes;
mod pass;
mod people;
mod rows;
pub mod wire;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use freshsales::{Client, Credentials, Error, Generation, Reply, Request, ResponseMeta};
use leadgate_core::catalog::AccountFacts;
use leadgate_core::clock::Clock;
use leadgate_core::crm::{Crm, CrmAnswer, CrmCall, CrmFailure, CrmReply, QuotaReading};
use tokio::sync::OnceCell;

pub use network::Network;

/// What the port needs to reach an account.
pub struct FreshsalesSettings {
    /// Key and address.
    pub credentials: Credentials,
    /// How long one request may take altogether.
    pub timeout: Duration,
    /// What was found out about the account before, so that it is not asked again after a restart.
    pub remembered: Option<AccountFacts>,
    /// What talks to it.
    pub network: Network,
}

/// One Freshsales account. The generation is found out with the first call, not before: the gateway accepts leads while the CRM is down.
pub struct FreshsalesCrm {
    settings: FreshsalesSettings,
    clock: Arc<dyn Clock>,
    client: OnceCell<Client>,
}

impl FreshsalesCrm {
    /// A port that has not spoken to anybody yet.
    pub fn new(settings: FreshsalesSettings, clock: Arc<dyn Clock>) -> FreshsalesCrm {
        FreshsalesCrm { settings, clock, client: OnceCell::new() }
    }

    /// The client, bound to the account's generation. The first time this may ask the account who it is.
    async fn client(&self, conversation: &mut Conversation<'_>) -> Result<&Client, CrmFailure> {
        let detect = async || {
            let FreshsalesSettings { credentials, timeout, network, .. } = &self.settings;
            let builder = || {
                let builder = Client::builder(credentials.clone()).timeout(*timeout);
                match network.to(credentials.address(), *timeout) {
                    Ok(transport) => builder.transport(transport),
                    // The builder tries for itself and says what is wrong.
                    Err(_) => builder,
                }
            };
            let remembered = self.settings.remembered.as_ref().map(generation_of);
            let known = self.settings.credentials.address().generation().or(remembered);
            if let Some(generation) = known {
                return builder().generation(generation).build();
            }
            conversation.requests += 1;
            builder().detect().await
        };
        self.client.get_or_try_init(detect).await.map_err(|error| conversation.failed(&error))
    }

    async fn answer(&self, call: CrmCall, conversation: &mut Conversation<'_>) -> Result<CrmReply, CrmFailure> {
        let client = self.client(conversation).await?.clone();
        let account = Account { client: &client, conversation };
        match call {
            CrmCall::ReadCatalog(section) => account.read_section(section).await,
            CrmCall::FindPerson(by) => account.find_person(&by).await,
            CrmCall::FindPeople { among, emails, .. } => account.find_people(among, &emails).await,
            CrmCall::ConfirmPeople { emails, .. } => account.confirm_people(&emails).await,
            CrmCall::ReadPerson(record) => account.read_person(record).await,
            CrmCall::CreatePerson(fields) => account.create_person(&fields).await,
            CrmCall::UpsertPerson { email, fields } => account.upsert_person(&email, &fields).await,
            CrmCall::UpdatePerson { record, fields } => account.update_person(record, &fields).await,
            CrmCall::UpsertPeople(people) => account.upsert_people(&people).await,
            CrmCall::BulkStatus { ticket } => account.bulk_status(&ticket).await,
            CrmCall::FindCompany { name } => account.find_company(&name).await,
            CrmCall::FindCompanies(key) => account.find_companies(&key).await,
            CrmCall::UpsertCompany { name, fields } => account.upsert_company(&name, &fields).await,
            CrmCall::UpdateCompany { record, fields } => account.update_company(record, &fields).await,
            CrmCall::ListDeals(person) => account.list_deals(person).await,
            CrmCall::CreateDeal(deal) => account.create_deal(&deal).await,
            CrmCall::MoveDeal { deal, stage, pipeline } => account.move_deal(deal, stage, pipeline).await,
            CrmCall::ListNotes(record) => account.list_notes(record).await,
            CrmCall::AddNote { record, text } => account.add_note(record, &text).await,
            CrmCall::ListChanged { kind, since, page } => account.list_changed(kind, since, page).await,
            CrmCall::ReadDeal(deal) => account.read_deal(deal).await,
            CrmCall::UpdateDeal { deal, fields } => account.update_deal(deal, &fields).await,
            CrmCall::ReadCompany(company) => account.read_company(company).await,
            CrmCall::ListTasks(record) => account.list_tasks(record).await,
            CrmCall::AddTask(task) => account.add_task(&task).await,
            CrmCall::ListActivities(record) => account.list_activities(record).await,
            CrmCall::AddActivity(activity) => account.add_activity(&activity).await,
            CrmCall::ConvertLead { lead, fields } => account.convert_lead(lead, &fields).await,
            CrmCall::AddToList { list, contact } => account.add_to_list(list, contact).await,
            CrmCall::ReadRows(query) => account.read_rows(query).await,
            CrmCall::DeletePerson(record) => account.delete_person(record).await,
            CrmCall::ForgetPerson(record) => account.forget_person(record).await,
            other => Err(CrmFailure::Invalid {
                sentences: vec![format!("{} is not supported", other.name())],
                fields: Vec::new(),
            }),
        }
    }
}

#[async_trait]
impl Crm for FreshsalesCrm {
    async fn call(&self, call: CrmCall) -> CrmAnswer {
        let mut conversation = Conversation::new(&*self.clock);
        let result = self.answer(call, &mut conversation).await;
        let Conversation { requests, status, quota, dated, .. } = conversation;
        CrmAnswer { result, status, quota, dated, requests }
    }
}

fn generation_of(facts: &AccountFacts) -> Generation {
    if facts.separate_leads { Generation::Classic } else { Generation::Suite }
}

/// What the requests of one call have cost and shown so far.
struct Conversation<'a> {
    clock: &'a dyn Clock,
    requests: u32,
    status: Option<u16>,
    quota: Option<QuotaReading>,
    /// When the last reply was made, by the CRM's clock.
    dated: Option<jiff::Timestamp>,
}

impl<'a> Conversation<'a> {
    fn new(clock: &'a dyn Clock) -> Conversation<'a> {
        Conversation { clock, requests: 0, status: None, quota: None, dated: None }
    }

    fn failed(&mut self, error: &Error) -> CrmFailure {
        self.note(error.meta());
        failures::failure_of(error, self.clock.now())
    }

    fn note(&mut self, meta: &ResponseMeta) {
        self.status = meta.status.or(self.status);
        self.dated = meta.date.or(self.dated);
        self.quota = failures::quota_of(meta, self.clock.now()).or(self.quota);
    }
}

/// An account in the middle of a call.
struct Account<'a, 'b> {
    client: &'a Client,
    conversation: &'a mut Conversation<'b>,
}

impl Account<'_, '_> {
    fn has_leads(&self) -> bool {
        self.client.generation() == Generation::Classic
    }

    /// Makes one request.
    async fn send<R: Request>(&mut self, request: R) -> Result<R::Output, CrmFailure> {
        self.conversation.requests += 1;
        match self.client.send(&request).await {
            Ok(Reply { output, meta, .. }) => {
                self.conversation.note(&meta);
                Ok(output)
            }
            Err(error) => Err(self.conversation.failed(&error)),
        }
    }
}
