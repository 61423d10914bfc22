//! Each class of refusal is the same class in every language of the account.

use std::time::Duration;

use freshsales::contacts::ContactAttributes;
use freshsales::deals::DealAttributes;
use freshsales::raw;
use freshsales::sales_accounts::SalesAccountAttributes;
use freshsales::{Client, Credentials, Error, Request, contacts, deals, sales_accounts};
use freshsales_sandbox::{
    Account, Fault, FaultKind, Generation, Kind, Language, QuotaBody, Sandbox, SandboxConfig, Switches,
};
use rstest::rstest;
use serde_json::json;

/// The class and the field of a refusal.
fn told(error: &Error) -> (&'static str, Option<String>) {
    let field = match error.class() {
        freshsales::ErrorClass::NotUnique { field, .. } | freshsales::ErrorClass::StaleId { field, .. } => {
            field.clone()
        }
        _ => None,
    };
    (error.class().name(), field)
}

struct Asking {
    client: Client,
    account: Account,
}

impl Asking {
    async fn told<R: Request>(&self, request: R) -> (&'static str, Option<String>) {
        told(&self.client.send(&request).await.err().expect("a refusal"))
    }

    /// What a create of a contact is told.
    async fn contact(&self, attributes: ContactAttributes) -> (&'static str, Option<String>) {
        self.told(contacts::create(attributes.last_name("B").job_title("CTO"))).await
    }

    async fn hit_by(&self, kind: FaultKind) -> (&'static str, Option<String>) {
        self.account.set_faults(vec![Fault::new(kind).times(1)]);
        self.told(contacts::bulk_destroy([1])).await
    }
}

async fn ask(language: Language, key: &str) -> (Sandbox, Asking) {
    let required = vec!["job_title".into()];
    let switches = Switches { mobile_unique: true, quota_body: QuotaBody::Json, ..Switches::default() };
    let config = SandboxConfig { language, switches: switches.clone(), ..SandboxConfig::default() };
    let sandbox = Sandbox::start(config, ([127, 0, 0, 1], 0).into()).await.unwrap();
    let account = sandbox.account();
    account.seed(Kind::SalesAccount, &json!({"name": "Acme"}));
    account.seed_contact(&json!({"last_name": "A", "email": "a@example.com", "mobile_number": "+4790000011"}));
    account.set_switches(Switches { required_contact_fields: required, ..switches });
    let credentials = Credentials::parse(key, &sandbox.url(Generation::Suite)).unwrap();
    let client = Client::builder(credentials).generation(freshsales::Generation::Suite);
    let client = client.timeout(Duration::from_secs(5)).build().unwrap();
    (sandbox, Asking { client, account })
}

#[rstest]
#[case(Language::English, true)]
#[case(Language::Dutch, true)]
#[case(Language::Spanish, true)]
#[case(Language::German, true)]
#[case(Language::Pseudo, false)]
#[tokio::test]
async fn a_class_needs_no_english(#[case] language: Language, #[case] is_known: bool) {
    let (_sandbox, asking) = ask(language, "sandbox-key").await;
    let plain = ContactAttributes::new;
    let lead_stage = asking.account.selector_id("lifecycle_stages", "Lead").unwrap();
    let churned = asking.account.selector_id("contact_statuses", "Churned").unwrap();
    let misfit = plain().lifecycle_stage_id(lead_stage).contact_status_id(churned);
    // These have a status or a code of their own.
    for (class, expected) in [
        (asking.told(raw::request(http::Method::GET, "contacts")).await, "forbidden"),
        (asking.told(contacts::view(71_999_999_999)).await, "not_found"),
        (asking.contact(plain().email("a@example.com")).await, "not_unique"),
        (asking.told(sales_accounts::create(SalesAccountAttributes::new().name("Acme"))).await, "not_unique"),
        (asking.told(contacts::create(plain().last_name("B"))).await, "validation"),
        (asking.contact(plain().mobile_number("abc")).await, "validation"),
        (asking.contact(plain().city("x".repeat(300))).await, "validation"),
        (asking.told(deals::create(DealAttributes::new().name("D"))).await, "validation"),
        (asking.hit_by(FaultKind::FailBeforeCommit).await, "outcome_unknown"),
        (asking.hit_by(FaultKind::Quota429 { reset_after_seconds: None }).await, "quota_exceeded"),
        (asking.hit_by(FaultKind::Quota429In400).await, "busy_try_later"),
        (asking.hit_by(FaultKind::EdgeThrottle { retry_after: 9 }).await, "edge_throttled"),
    ] {
        assert_eq!(class.0, expected);
    }
    // These differ by their words alone: a language that the client does not know leaves the plain refusal.
    for (told, class, field) in [
        (asking.contact(plain().mobile_number("+4790000011")).await, "not_unique", "mobile_number"),
        (asking.contact(plain().owner_id(1)).await, "stale_id", "owner_id"),
        (asking.contact(plain().lead_source_id(1)).await, "stale_id", "lead_source_id"),
        (asking.contact(misfit).await, "stale_id", "contact_status_id"),
        (
            asking.told(deals::create(DealAttributes::new().name("D").field("amount", 1).deal_stage_id(1))).await,
            "stale_id",
            "deal_stage_id",
        ),
    ] {
        let expected = if is_known { (class, Some(field.to_owned())) } else { ("validation", None) };
        assert_eq!(told, expected);
    }
}

#[tokio::test]
async fn a_wrong_key_is_told_without_words() {
    let (_sandbox, asking) = ask(Language::Dutch, "wrong-key").await;
    assert_eq!(asking.told(contacts::view(1)).await.0, "auth");
}
