//! Marked records are removed, whatever breaks the removal off.

use std::sync::Arc;
use std::time::Duration;

use freshsales::Credentials;
use freshsales_sandbox::{Account, Fault, FaultKind, Generation, Sandbox, SandboxConfig};
use http::Method;
use jiff::Timestamp;
use leadgate_core::clock::Clock;
use leadgate_crm_freshsales::marked::{CONTACT, Ledger, Mark};
use leadgate_crm_freshsales::wire::{Ask, Wire};
use serde_json::json;
use url::Url;

struct AccountClock(Account);

impl Clock for AccountClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}

/// An account with one marked contact.
async fn with_contact() -> (Sandbox, Wire, Ledger) {
    let sandbox = Sandbox::start(SandboxConfig::default(), ([127, 0, 0, 1], 0).into()).await.unwrap();
    let credentials = Credentials::parse("sandbox-key", &sandbox.url(Generation::Suite)).unwrap();
    let clock = Arc::new(AccountClock(sandbox.account()));
    let wire = Wire::new(&credentials, Duration::from_secs(5), clock).unwrap();
    let ledger = Ledger::new(Mark::new("a1b2c3d4e5"));
    let root = Url::parse(&format!("{}/crm/sales/api", sandbox.root_url())).unwrap();
    let body = json!({ "contact": { "last_name": "King", "email": ledger.mark().email() } });
    let ask = Ask::with_body(Method::POST, "contacts", body);
    let (exchange, id) = ledger.create(&wire, &root, CONTACT, ask).await;
    assert!(id.is_some(), "{exchange:?}");
    (sandbox, wire, ledger)
}

#[tokio::test]
async fn a_removal_that_is_broken_off_is_taken_up_again() {
    let (sandbox, wire, ledger) = with_contact().await;
    let account = sandbox.account();
    account.set_faults(vec![Fault::new(FaultKind::Hang { then_commit: false }).on("DELETE", "/contacts")]);
    let seen = async {
        while !account.requests().iter().any(|request| request.method == "DELETE") {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        left = ledger.remove_all(&wire) => panic!("{left:?}"),
        () = seen => {}
    }
    account.clear_faults();
    assert_eq!((ledger.remove_all(&wire).await, account.contacts().len()), (Vec::<String>::new(), 0));
}

#[tokio::test]
async fn what_could_not_be_removed_is_named_and_tried_again() {
    let (sandbox, wire, ledger) = with_contact().await;
    let account = sandbox.account();
    account.set_faults(vec![Fault::new(FaultKind::Forbidden).on("DELETE", "/contacts")]);
    let id = account.contacts()[0]["id"].clone();
    assert_eq!(ledger.remove_all(&wire).await, [format!("contact {id}")]);
    account.clear_faults();
    assert_eq!((ledger.remove_all(&wire).await.len(), account.contacts().len()), (0, 0));
}
