//! The gateway's lives: one process after the other, on one port and one data folder, each ended by SIGKILL.

use std::net::TcpListener;
use std::ops::Range;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use rand::Rng as _;
use rand::rngs::SmallRng;

use super::Client;
use crate::process::Running;

const RULES_FILE: &str = "rules.toml";
const KEY: &str = "an-app-key-of-some-length";
/// How long a life lasts, in milliseconds: while clients post, and while the queue drains, which takes a few seconds only.
pub(super) const LIFE_WHILE_POSTING: Range<u64> = 200..3_000;
pub(super) const LIFE_WHILE_DRAINING: Range<u64> = 20..400;

/// Waits that are short beside a life, so that a life is full of work.
const SETTINGS: [(&str, &str); 14] = [
    ("FRESHSALES_API_KEY", "sandbox-key"),
    ("LEADGATE_APP_KEY", KEY),
    ("LEADGATE__SERVER__HOST", "127.0.0.1"),
    ("LEADGATE__LOG__LEVEL", "error"),
    ("LEADGATE__CRM__TOTAL_TIMEOUT", "400ms"),
    ("LEADGATE__ENGINE__CONCURRENCY", "16"),
    ("LEADGATE__BUDGET__PER_HOUR", "0"),
    ("LEADGATE__BUDGET__PER_MINUTE", "0"),
    ("LEADGATE__RETRY__BASE", "50ms"),
    ("LEADGATE__RETRY__CAP", "1s"),
    ("LEADGATE__RETRY__SETTLE", "100ms"),
    // A fifth of all requests fails; none fails so often by chance.
    ("LEADGATE__RETRY__MAX_FAILURES", "60"),
    // A client without a key repeats itself for as long as the run lasts.
    ("LEADGATE__INTAKE__CONTENT_WINDOW", "1h"),
    ("LEADGATE__STORE__DURABILITY", "full"),
];

/// The gateway, whichever process it is at the moment.
pub(super) struct Lives {
    folder: tempfile::TempDir,
    account: String,
    /// Besides [`SETTINGS`], or in place of them.
    settings: Vec<(&'static str, String)>,
    port: u16,
    process: Option<Running>,
    kills: usize,
    random: SmallRng,
}

/// The secret that rules files name as `$WEBHOOK_SECRET`.
pub(super) const WEBHOOK_SECRET: &str = "a-webhook-secret-of-some-length";

impl Lives {
    pub(super) fn begin(account: &str, random: SmallRng) -> Lives {
        Lives::begin_with(account, random, "", Vec::new())
    }

    /// Begins with a rules file.
    pub(super) fn begin_with_rules(account: &str, random: SmallRng, rules: &str) -> Lives {
        Lives::begin_with(account, random, rules, Vec::new())
    }

    /// Begins with a rules file and settings.
    pub(super) fn begin_with(
        account: &str,
        random: SmallRng,
        rules: &str,
        settings: Vec<(&'static str, String)>,
    ) -> Lives {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(RULES_FILE), rules).unwrap();
        let (account, port) = (account.to_owned(), free_port());
        let mut lives = Lives { folder, account, settings, port, process: None, kills: 0, random };
        lives.start();
        lives
    }

    pub(super) fn client(&self) -> Client {
        Lives::client_of(&[self])
    }

    /// What speaks to whichever of these lives.
    pub(super) fn client_of(several: &[&Lives]) -> Client {
        Client::new(several.iter().map(|lives| lives.url()).collect(), KEY)
    }

    pub(super) fn kills(&self) -> usize {
        self.kills
    }

    /// Lets it live for a while, kills it and starts it again at once.
    pub(super) async fn kill_at_a_random_moment(&mut self, life: Range<u64>) {
        let life = Duration::from_millis(self.random.random_range(life));
        tokio::time::sleep(life).await;
        tokio::task::block_in_place(|| self.kill_and_start());
    }

    /// Kills it without warning and starts it again at once.
    pub(super) fn kill_and_start(&mut self) {
        // Dropping it kills it, also while it is paused.
        drop(self.process.take());
        self.kills += 1;
        self.start();
    }

    /// Stops it in whatever it does, as a machine does that is suspended, or lets it go on as if no time had passed.
    pub(super) fn pause(&self, pause: bool) {
        self.process.as_ref().unwrap().signal(if pause { "-STOP" } else { "-CONT" });
    }

    /// Kills it for good; returns the folder with what it has left.
    pub(super) fn end(mut self) -> tempfile::TempDir {
        drop(self.process.take());
        self.folder
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn start(&mut self) {
        let port = self.port.to_string();
        let mut variables = SETTINGS.to_vec();
        variables.push(("FRESHSALES_SUBDOMAIN", &self.account));
        variables.extend([("LEADGATE_RULES", RULES_FILE), ("WEBHOOK_SECRET", WEBHOOK_SECRET)]);
        variables.extend(self.settings.iter().map(|(name, value)| (*name, value.as_str())));
        self.process = Some(Running::start(self.folder.path(), &["serve", "--port", &port], &variables));
    }
}

/// A port below those that the system gives to outgoing connections: one of those could be taken while the gateway is down, by a client that
/// tries to connect to it.
fn free_port() -> u16 {
    // Tests of one process must not find the same one at the same time.
    static GIVEN: AtomicU16 = AtomicU16::new(0);
    let first =
        20_000 + u16::try_from(std::process::id() % 10_000).unwrap() + 100 * GIVEN.fetch_add(1, Ordering::Relaxed);
    (first..32_000).find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap()
}
