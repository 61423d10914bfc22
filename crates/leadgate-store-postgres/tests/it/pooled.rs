//! Behind a pooler in transaction mode. Where PgBouncer is not installed, the same without one: no statement has a name either way.

use std::process::{Child, Command, Stdio};

use futures::future::join_all;
use leadgate_store::Store as _;
use leadgate_store::conformance::samples::{
    PATIENCE, accept, at, claim, claim_one, finish, id, job, plan, story, submission, work_is_signalled,
};
use leadgate_store::model::{BudgetExchange, KeptBudget, Progress};
use leadgate_store_postgres::{PostgresConfig, PostgresStore};
use tempfile::TempDir;
use tokio::net::UnixStream;
use url::Url;

use crate::support::{Database, connect};

const PROGRAM: &str = "/usr/sbin/pgbouncer";

/// A PgBouncer in front of a database, with two connections to it for everybody.
struct Pooler {
    folder: TempDir,
    process: Child,
}

impl Pooler {
    async fn start(database: &Database) -> Option<Pooler> {
        if !std::path::Path::new(PROGRAM).exists() {
            return None;
        }
        let folder = tempfile::Builder::new().prefix("pgb").tempdir_in("/tmp").unwrap();
        let url = Url::parse(&database.url()).unwrap();
        let host = url.query_pairs().find(|(name, _)| name == "host").unwrap().1.into_owned();
        let path = folder.path().display();
        let settings = format!(
            "[databases]\n* = host={host} user=postgres\n[pgbouncer]\nlisten_addr =\nunix_socket_dir = {path}\n\
             auth_type = any\npool_mode = transaction\ndefault_pool_size = 2\nmax_client_conn = 100\n"
        );
        std::fs::write(folder.path().join("settings.ini"), settings).unwrap();
        let process = command(&folder).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let socket = folder.path().join(".s.PGSQL.6432");
        let listens = async {
            while UnixStream::connect(&socket).await.is_err() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, listens).await.unwrap();
        Some(Pooler { folder, process })
    }

    fn url(&self, database: &Database) -> String {
        let mut url = Url::parse(&database.url()).unwrap();
        url.set_query(Some(&format!("host={}&port=6432", self.folder.path().display())));
        url.to_string()
    }
}

/// It refuses to run as root.
fn command(folder: &TempDir) -> Command {
    use std::os::unix::fs::{MetadataExt as _, chown};
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]).current_dir("/");
    if std::fs::metadata(folder.path()).unwrap().uid() == 0 {
        let nobody = 65_534;
        chown(folder.path(), Some(nobody), Some(nobody)).unwrap();
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
    }
    command.arg(PROGRAM).arg(folder.path().join("settings.ini"));
    command
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

async fn through(database: &Database, pooler: Option<&Pooler>) -> PostgresConfig {
    let url = pooler.map_or_else(|| database.url(), |pooler| pooler.url(database));
    PostgresConfig::new(url.into())
}

#[tokio::test]
async fn work_is_done_through_a_pooler() {
    let database = Database::fresh().await;
    let pooler = Pooler::start(&database).await;
    let config = through(&database, pooler.as_ref()).await.pooled(None);
    // Two processes whose transactions come to the same two sessions in turn.
    let (one, other) = (PostgresStore::open(config.clone()).await.unwrap(), PostgresStore::open(config).await.unwrap());
    let accepts = (10..60).map(|number| {
        let store = if number % 2 == 0 { &one } else { &other };
        store.accept(submission(number), at(0))
    });
    assert!(join_all(accepts).await.iter().all(Result::is_ok));
    for (number, store) in [(1, &one), (2, &other), (3, &one), (4, &other)] {
        plan(store, number, job(&["a"])).await;
        let claimed = claim_one(store, 0).await;
        finish(store, &claimed, 0).await;
        assert_eq!(story(store, id(number)).await.progress, Progress::Done);
        assert!(claim(store, 0).await.is_empty());
    }
    assert_eq!(other.unplanned([100; 4]).await.unwrap().len(), 50);
    let sessions = pooler.as_ref().map_or_else(|| database.url(), |pooler| pooler.url(&database));
    let mut connection = connect(&sessions).await;
    let named = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM pg_prepared_statements");
    assert_eq!(named.persistent(false).fetch_one(&mut connection).await.unwrap(), 0);
    one.close().await;
    other.close().await;
}

#[tokio::test]
async fn without_a_way_past_the_pooler_work_is_looked_for() {
    let database = Database::fresh().await;
    let pooler = Pooler::start(&database).await;
    let store = PostgresStore::open(through(&database, pooler.as_ref()).await.pooled(None)).await.unwrap();
    for _ in 0..2 {
        assert!(work_is_signalled(&store).await);
    }
    store.close().await;
}

#[tokio::test]
async fn a_way_past_the_pooler_is_listened_on() {
    let database = Database::fresh().await;
    let pooler = Pooler::start(&database).await;
    let config = through(&database, pooler.as_ref()).await;
    let listening = config.clone().pooled(Some(database.url().into()));
    let (one, other) =
        (PostgresStore::open(config.pooled(None)).await.unwrap(), PostgresStore::open(listening).await.unwrap());
    assert!(work_is_signalled(&other).await, "once it listens");
    accept(&one, 1, 0).await;
    assert!(work_is_signalled(&other).await);
    one.close().await;
    other.close().await;
}

/// Statements that stand alone elsewhere, while transactions of others come to the same two sessions.
#[tokio::test]
async fn single_statements_and_transactions_share_a_poolers_sessions() {
    let database = Database::fresh().await;
    let pooler = Pooler::start(&database).await;
    let config = through(&database, pooler.as_ref()).await.pooled(None);
    let (one, other) = (PostgresStore::open(config.clone()).await.unwrap(), PostgresStore::open(config).await.unwrap());
    accept(&one, 1, 0).await;
    let kept = one.exchange_budget(0, serde_json::json!({ "left": 1 })).await.unwrap();
    let asked = (0..50).map(|_| async {
        let (unplanned, budget, known, changed) = tokio::join!(
            one.unplanned([5; 4]),
            other.budget(),
            other.mirrored(Vec::new()),
            one.exchange_budget(-1, serde_json::Value::Null)
        );
        known.unwrap();
        (unplanned.unwrap().len(), budget.unwrap().value, changed.unwrap())
    });
    let BudgetExchange::Kept(revision) = kept else { panic!("nothing was kept before") };
    let value = Some(serde_json::json!({ "left": 1 }));
    let expected = (1, value.clone(), BudgetExchange::Changed(KeptBudget { revision, value }));
    for found in join_all(asked).await {
        assert_eq!(found, expected);
    }
}
