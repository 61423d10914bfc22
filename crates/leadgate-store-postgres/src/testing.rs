//! For tests that ask PostgreSQL how it would run a statement.

use leadgate_postgres_server::{Fsync, SHARED, Server};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _};

use crate::{PostgresConfig, PostgresStore};

/// A fresh database whose statements can be looked at.
pub(crate) struct Planner {
    connection: PgConnection,
    store: PostgresStore,
    // Holds the database, which is left behind in a shared server: it ends with the run.
    _server: Option<Server>,
}

impl Planner {
    pub(crate) async fn fresh() -> Planner {
        #[expect(clippy::disallowed_methods, reason = "tests have no configuration to take it from")]
        let shared = std::env::var(SHARED).ok();
        let server = if shared.is_none() { Some(Server::start(Fsync::Off)) } else { None };
        let url = shared.or_else(|| server.as_ref().map(Server::url)).unwrap();
        let name = format!("plan_{}_{}", std::process::id(), uuid::Uuid::now_v7().simple());
        let options: PgConnectOptions = url.parse().unwrap();
        let mut maintenance = options.connect().await.unwrap();
        let create = AssertSqlSafe(format!("CREATE DATABASE {name} TEMPLATE template0"));
        sqlx::raw_sql(create).execute(&mut maintenance).await.unwrap();
        let mut address = url::Url::parse(&url).unwrap();
        address.set_path(&name);
        let store = PostgresStore::open(PostgresConfig::new(address.to_string().into())).await.unwrap();
        let mut connection = address.as_str().parse::<PgConnectOptions>().unwrap().connect().await.unwrap();
        // An index is a matter of size, which a fresh database has none of.
        let settings = "SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan";
        sqlx::raw_sql(settings).execute(&mut connection).await.unwrap();
        Planner { connection, store, _server: server }
    }

    pub(crate) fn store(&self) -> &PostgresStore {
        &self.store
    }

    /// Puts so many submissions with a job and an identity each into it.
    pub(crate) async fn fill(&mut self, rows: u32) {
        let series = format!("generate_series(1, {rows}) AS n");
        let fill = AssertSqlSafe(format!(
            "INSERT INTO inbox (account, id, route, body, dedupe_kind, dedupe, accepted_at, dedupe_until, lane)
             SELECT 1, decode(md5(n::text), 'hex'), 'lead', '{{}}', 1, decode(md5(n::text), 'hex'), n, n, 2 FROM {series};
             INSERT INTO jobs (account, id, lane, progress, queue, due_at, wake_at, packable, state, step, failures)
             SELECT 1, n, 2, 0, 0, 0, 0, 0, '{{}}', '', 0 FROM {series};
             INSERT INTO job_keys (account, job, key, role, held) SELECT 1, n, 'email:' || n, 0, true FROM {series}"
        ));
        sqlx::raw_sql(fill).execute(&mut self.connection).await.unwrap();
    }

    /// From now on a table may be read whole.
    pub(crate) async fn plan_as_ever(&mut self) {
        sqlx::raw_sql("RESET enable_seqscan").execute(&mut self.connection).await.unwrap();
    }

    /// The same, and each plan is made for its arguments.
    async fn plan_for_arguments(&mut self) {
        self.plan_as_ever().await;
        sqlx::raw_sql("SET plan_cache_mode = force_custom_plan").execute(&mut self.connection).await.unwrap();
    }

    /// How a statement with so many parameters would be run.
    pub(crate) async fn plan_of(&mut self, sql: &str, parameters: usize) -> String {
        self.plan_with(sql, &vec!["NULL"; parameters].join(", ")).await
    }

    /// How a statement with these arguments would be run.
    async fn plan_with(&mut self, sql: &str, arguments: &str) -> String {
        let prepare = AssertSqlSafe(format!("PREPARE looked_at AS {sql}"));
        sqlx::raw_sql(prepare).execute(&mut self.connection).await.unwrap();
        let explain = AssertSqlSafe(format!("EXPLAIN (COSTS OFF) EXECUTE looked_at ({arguments})"));
        let lines: Vec<String> =
            sqlx::query_scalar(explain).persistent(false).fetch_all(&mut self.connection).await.unwrap();
        sqlx::raw_sql("DEALLOCATE looked_at").execute(&mut self.connection).await.unwrap();
        lines.join("\n")
    }
}

/// A hot statement, how many parameters it has, and the indexes that it is to use.
type Case = (&'static str, usize, &'static [&'static str]);

const HOT: &[Case] = &[
    (crate::dedupe::EARLIER, 6, &["inbox_dedupe_period"]),
    (crate::plans::UNPLANNED_AMONG, 2, &["inbox_id"]),
    (crate::intake::UNPLANNED, 3, &["inbox_unplanned"]),
    (crate::claims::KEYS_OF, 3, &["known_pkey"]),
    (crate::turns::effects::KNOWN, 2, &["known_pkey"]),
    (crate::claims::WAKE, 5, &["jobs_sleeping", "jobs_pkey"]),
    (crate::claims::READY_JOBS, 5, &["jobs_ready"]),
    (crate::claims::NEW_JOBS, 4, &["jobs_new"]),
    (crate::queue::PLACE, 6, &["jobs_pkey", "job_keys_job", "job_keys_held"]),
    (crate::queue::NEXT_IN_LINE, 3, &["job_keys_held", "jobs_pkey"]),
    (crate::listing::LAST_BEFORE, 2, &["inbox_accepted"]),
    (crate::listing::WOULD_STAND, 2, &["inbox_id"]),
    (crate::listing::PAGE, 5, &["inbox_pkey", "jobs_pkey"]),
];

#[tokio::test]
async fn hot_statements_use_their_indexes() {
    let mut planner = Planner::fresh().await;
    for (sql, parameters, indexes) in HOT {
        let plan = planner.plan_of(sql, *parameters).await;
        for index in *indexes {
            assert!(plan.contains(index), "{index} is not used in\n{plan}");
        }
        assert!(!plan.contains("Seq Scan"), "{plan}");
    }
    let plan = planner.plan_of(&crate::views::next_due_sql(), 1).await;
    assert!(plan.contains("jobs_ready") && plan.contains("jobs_sleeping") && !plan.contains("Seq Scan"), "{plan}");
}

/// As while an import comes in.
#[tokio::test]
async fn jobs_are_placed_by_their_own_keys_while_statistics_lag_behind() {
    let mut planner = Planner::fresh().await;
    planner.fill(1_000).await;
    planner.plan_for_arguments().await;
    let jobs: Vec<String> = (250..500).map(|job| job.to_string()).collect();
    let plan = planner.plan_with(crate::queue::PLACE, &format!("1, '{{{}}}', 0, 3, 2, 1", jobs.join(","))).await;
    assert!(plan.contains("job_keys_job") && !plan.contains("hashed"), "{plan}");
}

/// As while a burst comes in.
#[tokio::test]
async fn submissions_are_found_by_their_ids_while_statistics_lag_behind() {
    let mut planner = Planner::fresh().await;
    planner.fill(5_000).await;
    planner.plan_for_arguments().await;
    let ids: Vec<String> = (250..506).map(|id| format!("decode(md5('{id}'), 'hex')")).collect();
    let plan = planner.plan_with(crate::plans::UNPLANNED_AMONG, &format!("1, ARRAY[{}]", ids.join(","))).await;
    assert!(plan.contains("inbox_id"), "{plan}");
}
