//! Syncing, on the real engine in front of a sandbox account: what the copy holds in the end is what the account holds, row by row and field by field.
//!
//! Cast: [`Mirror`] is a gateway with a copy; [`oracle`] compares the copy with the account's own dump. Sizes are small unless
//! `LEADGATE_SYNC_CONTACTS` says how many contacts the account has; it then has a fifth as many deals.

mod changes;
mod chaos;
mod commands;
mod doubts;
mod hostile;
mod matching;
mod oracle;

use std::path::PathBuf;
use std::time::Duration;

use freshsales_sandbox::{Account, Kind};
use jiff::SignedDuration;
use leadgate_core::sync::{Pace, Stream};
use leadgate_engine::sync::{RunReport, SyncRun, SyncSettings, Turn};
use leadgate_testkit::{TestGateway, TestGatewayBuilder};
use serde_json::json;

/// A gateway that keeps a copy.
struct Mirror {
    gateway: TestGateway,
    settings: SyncSettings,
    folder: tempfile::TempDir,
}

impl Mirror {
    async fn open(builder: TestGatewayBuilder) -> Mirror {
        // The size of a page, not the speed of this machine, is what is tested.
        let gateway = builder.crm_timeout(Duration::from_secs(30)).open().await;
        let folder = tempfile::tempdir().unwrap();
        let settings = SyncSettings::new(folder.path().join("copy.db"));
        Mirror { gateway, settings, folder }
    }

    fn only(mut self, streams: &[Stream]) -> Mirror {
        self.settings.streams = streams.to_vec();
        self
    }

    fn account(&self) -> Account {
        self.gateway.account()
    }

    fn copy(&self) -> PathBuf {
        self.folder.path().join("copy.db")
    }

    /// Lets time pass.
    fn wait(&self, by: SignedDuration) {
        self.account().advance(Duration::try_from(by).unwrap());
    }

    async fn begin(&self) -> SyncRun {
        SyncRun::begin(self.gateway.engine().clone(), self.settings.clone()).await.unwrap()
    }

    /// One run to its end, stepping the clock over every wait.
    async fn run(&self) -> RunReport {
        self.run_with(|_| ()).await
    }

    /// One run, with something that happens after each step.
    async fn run_with(&self, mut meanwhile: impl FnMut(&Account)) -> RunReport {
        let mut run = self.begin().await;
        for _ in 0..200_000 {
            match run.step().await.unwrap() {
                Turn::Worked => meanwhile(&self.account()),
                Turn::Wait(until) => {
                    self.wait(until.duration_since(self.account().now()).max(SignedDuration::from_millis(50)));
                }
                Turn::Ended(_) => return run.report().clone(),
            }
        }
        panic!("the run does not end: {:?}", run.report());
    }
}

/// An account with so many contacts, a fifth as many deals, and a company.
fn fill(account: &Account, contacts: usize) {
    let company = account.seed(Kind::SalesAccount, &json!({"name": "Acme"}));
    for number in 0..contacts {
        let name = format!("Person {number}");
        account.seed(Kind::Contact, &json!({"last_name": name, "email": format!("p{number}@example.com")}));
    }
    for number in 0..contacts / 5 {
        let deal = json!({"name": format!("Deal {number}"), "amount": number, "sales_account_id": company});
        account.seed(Kind::Deal, &deal);
    }
    // What was just written is in no window of the first run.
    account.advance(Duration::from_secs(3_600));
}

fn pace(whole: bool) -> Pace {
    Pace { whole, ..Pace::default() }
}

#[expect(clippy::disallowed_methods, reason = "the size of a run is no setting of the program")]
fn contacts() -> usize {
    std::env::var("LEADGATE_SYNC_CONTACTS").ok().map_or(1_000, |count| count.parse().unwrap())
}
