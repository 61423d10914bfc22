//! One gateway in front of many accounts: the real binary, a sandbox account for each, and the operator's API.

mod commands;
mod isolation;
mod lifecycle;
mod secrets;

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;

use freshsales_sandbox::{Account, Generation, Sandbox, SandboxConfig};
use leadgate_store::accounts::AccountRegistry;
use leadgate_store_postgres::{PostgresAccounts, PostgresConfig, PostgresStore};
use leadgate_store_sqlite::{SqliteAccounts, SqliteConfig, SqliteStore};
use serde_json::{Value, json};

use crate::databases;
use crate::process::{Running, request};

pub(crate) const OPERATOR: &str = "an-operator-key-of-some-length";
/// 32 bytes each, in base64.
pub(crate) const MASTER: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
pub(crate) const NEWER: &str = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";
/// The API key that every sandbox account takes.
pub(crate) const API_KEY: &str = "sandbox-key-that-nobody-may-read";

/// Sandbox accounts, and the folder in which a gateway in front of them is started.
pub(crate) struct Estate {
    pub(crate) folder: tempfile::TempDir,
    sandboxes: Vec<Sandbox>,
    // The sandboxes live on it.
    _runtime: tokio::runtime::Runtime,
}

impl Estate {
    /// With so many sandbox accounts.
    pub(crate) fn of(count: usize) -> Estate {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let sandboxes = (0..count).map(|_| {
            let config = SandboxConfig { key: API_KEY.to_owned(), ..SandboxConfig::default() };
            runtime.block_on(Sandbox::start(config, (Ipv4Addr::LOCALHOST, 0).into())).unwrap()
        });
        Estate { folder: tempfile::tempdir().unwrap(), sandboxes: sandboxes.collect(), _runtime: runtime }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A sandbox account.
    pub(crate) fn account(&self, index: usize) -> Account {
        self.sandboxes[index].account()
    }

    /// Its address.
    pub(crate) fn domain(&self, index: usize) -> String {
        self.sandboxes[index].url(Generation::Suite)
    }

    /// Starts a gateway without a default account.
    pub(crate) fn serve(&self) -> Running {
        self.serve_with(&[("LEADGATE_MASTER_KEY", MASTER)])
    }

    pub(crate) fn serve_with(&self, settings: &[(&str, &str)]) -> Running {
        Running::start(self.path(), &["serve", "--port", "0"], &variables(settings))
    }

    /// The list of accounts, where no gateway serves them.
    pub(crate) async fn registry(&self) -> Arc<dyn AccountRegistry> {
        if let Some(url) = databases::kept_for(self.path()) {
            let config = PostgresConfig::new(url.into()).with_schema("leadgate".to_owned());
            return Arc::new(PostgresAccounts::new(Arc::new(PostgresStore::open(config).await.unwrap())));
        }
        let data = self.path().join("leadgate-data");
        let config = SqliteConfig::new(data.join("leadgate.db"));
        Arc::new(SqliteAccounts::new(Arc::new(SqliteStore::open(config.clone()).unwrap()), data, config))
    }

    /// Whether something that was sent to an account is kept.
    pub(crate) fn keeps(&self, number: i64) -> bool {
        let sql = format!("SELECT count(*) FROM leadgate.inbox WHERE account = {number}");
        let rows = databases::ask(self.path(), &sql);
        rows.map_or_else(|| self.files_of(number).join("leadgate.db").is_file(), |rows| rows != "0")
    }

    /// What is about an account is under its folder.
    pub(crate) fn files_of(&self, number: i64) -> std::path::PathBuf {
        self.path().join("leadgate-data/accounts").join(number.to_string())
    }
}

/// What a gateway of an operator's is started with.
pub(crate) fn variables<'a>(settings: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let usual = [
        ("LEADGATE_OPERATOR_KEY", OPERATOR),
        ("LEADGATE__SERVER__HOST", "127.0.0.1"),
        ("LEADGATE__LOG__LEVEL", "error"),
        ("LEADGATE__STORE__DURABILITY", "normal"),
    ];
    usual.iter().chain(settings).copied().collect()
}

/// A request of the operator's.
pub(crate) fn operate(gateway: &Running, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
    request(method, &format!("{}/operator{path}", gateway.text("url")), Some(OPERATOR), body)
}

/// Adds an account in front of a sandbox account, with a key for an app, and returns that.
pub(crate) fn add(gateway: &Running, name: &str, estate: &Estate, index: usize) -> String {
    let body = json!({"name": name, "domain": estate.domain(index), "api_key": API_KEY});
    let (status, added) = operate(gateway, "POST", "/accounts", Some(body));
    assert_eq!((status, &added["standing"]), (201, &json!("serving")), "{added}");
    add_key(gateway, name, "all")
}

/// A key for an app of an account.
pub(crate) fn add_key(gateway: &Running, name: &str, may: &str) -> String {
    let body = json!({"name": format!("app that may {may}"), "may": may});
    let (status, made) = operate(gateway, "POST", &format!("/accounts/{name}/keys"), Some(body));
    assert_eq!(status, 201, "{made}");
    made["key"].as_str().unwrap().to_owned()
}

/// What is going on with an account.
pub(crate) fn standing(gateway: &Running, name: &str) -> Value {
    operate(gateway, "GET", &format!("/accounts/{name}"), None).1
}

/// Sends a lead to an account and waits for its end.
pub(crate) fn send(gateway: &Running, name: &str, key: &str, email: &str) -> (u16, Value) {
    let lead = json!({"email": email, "first_name": "Ada", "last_name": "Lovelace"});
    request("POST", &format!("{}/accounts/{name}/v1/leads", gateway.text("url")), Some(key), Some(lead))
}
