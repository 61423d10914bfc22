//! A fresh database for each test, in a server that is shared where there is one.

use std::ops::Deref;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use leadgate_postgres_server::{Fsync, SHARED, Server};
use leadgate_store_postgres::{PostgresAccounts, PostgresConfig, PostgresStore};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};

/// A database of its own; it is dropped with this.
pub(crate) struct Database {
    maintenance: String,
    name: String,
    // Dropped after the database.
    _server: Option<Server>,
}

impl Database {
    /// Makes one.
    pub(crate) async fn fresh() -> Database {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let (maintenance, server) = server();
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("t_{}_{number}", std::process::id());
        let mut connection = connect(&maintenance).await;
        sqlx::raw_sql(AssertSqlSafe(format!("CREATE DATABASE {name} TEMPLATE template0")))
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
        Database { maintenance, name, _server: server }
    }

    /// How a store addresses it.
    pub(crate) fn url(&self) -> String {
        let mut url = url::Url::parse(&self.maintenance).unwrap();
        url.set_path(&self.name);
        url.to_string()
    }

    pub(crate) fn config(&self) -> PostgresConfig {
        PostgresConfig::new(self.url().into()).with_max_connections(5)
    }

    /// A connection beside the store's.
    pub(crate) async fn connect(&self) -> PgConnection {
        connect(&self.url()).await
    }

    pub(crate) async fn open(&self) -> PostgresStore {
        PostgresStore::open(self.config()).await.unwrap()
    }

    /// Opens it as another role.
    pub(crate) async fn open_as(&self, role: &str) -> PostgresStore {
        let mut url = url::Url::parse(&self.url()).unwrap();
        url.set_username(role).unwrap();
        PostgresStore::open(PostgresConfig::new(url.to_string().into()).with_max_connections(5)).await.unwrap()
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (maintenance, name) = (self.maintenance.clone(), self.name.clone());
        // On a thread of its own, since this one may be in the middle of a runtime.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let mut connection = connect(&maintenance).await;
                let sql = AssertSqlSafe(format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
                let _ = sqlx::raw_sql(sql).execute(&mut connection).await;
            });
        });
        let _ = dropping.join();
    }
}

/// The shared server's URL, or that of one for this test alone.
fn server() -> (String, Option<Server>) {
    static URL: OnceLock<Option<String>> = OnceLock::new();
    #[expect(clippy::disallowed_methods, reason = "tests have no configuration to take it from")]
    let shared = URL.get_or_init(|| std::env::var(SHARED).ok());
    match shared {
        Some(url) => (url.clone(), None),
        None => {
            let server = Server::start(Fsync::Off);
            (server.url(), Some(server))
        }
    }
}

pub(crate) async fn connect(url: &str) -> PgConnection {
    // PgBouncer takes no such parameter.
    let options = url.parse::<PgConnectOptions>().unwrap().extra_float_digits(None);
    options.connect().await.unwrap()
}

/// A store and its database.
pub(crate) struct Opened {
    store: PostgresStore,
    _database: Database,
}

impl Deref for Opened {
    type Target = PostgresStore;

    fn deref(&self) -> &PostgresStore {
        &self.store
    }
}

/// Opens a fresh store.
pub(crate) async fn open_fresh() -> Opened {
    let database = Database::fresh().await;
    Opened { store: database.open().await, _database: database }
}

/// The accounts of a database of their own.
pub(crate) struct OpenedAccounts {
    accounts: PostgresAccounts,
    database: Database,
}

impl OpenedAccounts {
    pub(crate) fn database(&self) -> &Database {
        &self.database
    }
}

impl Deref for OpenedAccounts {
    type Target = PostgresAccounts;

    fn deref(&self) -> &PostgresAccounts {
        &self.accounts
    }
}

/// Opens the accounts of a fresh store.
pub(crate) async fn open_accounts() -> OpenedAccounts {
    let database = Database::fresh().await;
    OpenedAccounts { accounts: PostgresAccounts::new(Arc::new(database.open().await)), database }
}
