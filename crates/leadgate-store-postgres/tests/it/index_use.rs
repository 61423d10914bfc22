//! How much of a large database is looked at: no method that runs again and again reads a table through.

use jiff::Timestamp;
use leadgate_core::job::Outcome;
use leadgate_core::mirror::{Change, MirrorUpdate, Mirrored, SeenBy, Tally, Told};
use leadgate_core::plan::PlanEffects;
use leadgate_core::record::{Fields, RecordKind, RecordRef};
use leadgate_core::steps::StepEffect;
use leadgate_store::Store;
use leadgate_store::conformance::filled::{delivery, delivery_claim, import};
use leadgate_store::conformance::samples::{
    PATIENCE, accept, at, attempt, claim_one, id, job, record, submission, turn,
};
use leadgate_store::deliveries::{
    DeliveryAttempt, DeliveryFilter, DeliveryProgress, DeliveryThen, DeliveryTurn, ReplayOutcome,
};
use leadgate_store::imports::{ImportRow, RowContent, RowsOutcome};
use leadgate_store::model::{PlannedSubmission, SubmissionFilter, Then, TurnRecord};
use leadgate_store::retention::OldRows;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _};

use crate::support::Database;

/// So many rows every large table has.
const ROWS: i64 = 20_000;

/// Rows that all of the methods together may look at, in tables and indexes.
const MOST_READ: i64 = ROWS / 4;

/// Landed submissions, changes, records, profiles, deliveries of every kind and rows of an import, all of them young.
async fn fill_large(connection: &mut PgConnection) {
    let now = at(0).as_microsecond();
    let import = import().id.0.simple().to_string();
    let sql = format!(
        "INSERT INTO inbox (account, id, route, body, lane, dedupe_kind, dedupe, accepted_at, dedupe_until, planning)
         SELECT 1, decode(lpad(to_hex(n), 32, '0'), 'hex'), 'lead', '{{}}', 0, 1, decode(lpad(to_hex(n), 32, 'f'), 'hex'),
             {now}, 0, 1 FROM generate_series(1, {ROWS}) AS n;
         INSERT INTO jobs (account, id, lane, progress, queue, due_at, wake_at, packable, state, step, failures, outcome,
             ended_at)
         SELECT 1, seq, 0, 1, 0, {now}, {now}, 0, '{{}}', '', 0, '{{}}', {now} FROM inbox;
         INSERT INTO attempts (account, job, call, at, took_ms, class, cost_milli)
         SELECT 1, seq, 'find_person', {now}, 1, 'ok', 1000 FROM inbox;
         INSERT INTO changes (account, inbox, kind, record, revision, field, to_value, at, seen_by)
         SELECT 1, seq, 'deal', seq, 1, 'stage', '1', {now}, 'poll' FROM inbox;
         INSERT INTO mirror (account, kind, record, fields, told, revision)
         SELECT 1, 'deal', seq, '{{}}', '{{}}', 1 FROM inbox;
         INSERT INTO profiles (account, key, profile, changed_at) SELECT 1, seq::text, '{{}}', {now} FROM inbox;
         INSERT INTO destinations (account, name) VALUES (1, 'a');
         INSERT INTO deliveries (account, id, destination, ordering, place, content, test, progress, is_first, wake_at,
             created_at, ended_at)
         SELECT 1, 'old' || n, 'a', CASE n % 3 WHEN 0 THEN 'line' ELSE n::text END, nextval('delivery_places'), '1', false,
             n % 3, n = 3, {now}, {now}, {now} FROM generate_series(1, {ROWS}) AS n;
         INSERT INTO delivery_attempts (account, delivery, at, took_ms, class)
         SELECT 1, seq, {now}, 1, 'ok' FROM deliveries;
         INSERT INTO imports (account, id, name, digest, rows, mapping, created_at)
         VALUES (1, '\\x{import}', 'leads.csv', '\\x00', {ROWS}, '{{}}', {now});
         INSERT INTO import_rows (account, import, row, submission) SELECT 1, '\\x{import}', seq, seq FROM inbox;
         ANALYZE"
    );
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await.unwrap();
}

async fn plan_and_push(store: &dyn Store) {
    let deal = RecordRef { kind: RecordKind::Deal, id: 5 };
    let seen = Mirrored { record: deal, version: None, fields: Fields::new(), revision: 2, told: Told::default() };
    assert_eq!(store.mirrored(vec![deal]).await.unwrap().len(), 1);
    assert_eq!(store.fill_mirror(vec![seen.clone()]).await.unwrap(), 0);
    assert_eq!(store.profiles(vec!["7".to_owned()]).await.unwrap().len(), 1);
    accept(store, 90_001, 1).await;
    let (field, to, by) = ("stage".to_owned(), 2.into(), SeenBy::Poll);
    let change = Change { record: deal, field, from: None, to, at: at(1), by };
    let update = MirrorUpdate { record: seen, changes: vec![change], tally: Tally::default() };
    let profiles = [("7".to_owned(), 7.into())].into();
    let effects = PlanEffects { mirror: vec![update], profiles, ..PlanEffects::default() };
    let planned = PlannedSubmission { submission: id(90_001), job: Ok(job(&["a"])), effects };
    assert_eq!(store.record_plans(vec![planned], None, at(1)).await.unwrap(), [id(90_001)]);
    let claimed = claim_one(store, 1).await;
    let effect = StepEffect { delivery: Some(delivery("new")), ..StepEffect::default() };
    let done = turn(&claimed, Then::Finished(Outcome::default()));
    record(store, TurnRecord { attempt: Some(attempt("find", 1)), effects: vec![effect], ..done }, 1).await;
    assert_eq!(store.changes(ROWS - 10, 10).await.unwrap().len(), 10);
}

async fn deliver(store: &dyn Store) {
    let claimed = store.claim_deliveries(delivery_claim("one", 2)).await.unwrap();
    assert_eq!(claimed.iter().map(|claimed| claimed.delivery.id.as_str()).collect::<Vec<_>>(), ["old3", "new"]);
    for claimed in claimed {
        let attempt = DeliveryAttempt { at: at(2), took_ms: 1, status: None, class: "ok".to_owned(), message: None };
        let turn = DeliveryTurn { lease: claimed.lease, attempt, then: DeliveryThen::Delivered, switch_off: None };
        store.finish_delivery(turn, at(2)).await.unwrap();
    }
    assert_eq!(store.deliveries_due().await.unwrap().len(), 1);
    let parked = DeliveryFilter { progress: Some(DeliveryProgress::Parked), destination: Some("a".into()), limit: 10 };
    assert_eq!(store.deliveries(parked).await.unwrap().len(), 10);
    assert_eq!(store.deliveries(DeliveryFilter { limit: 10, ..DeliveryFilter::default() }).await.unwrap().len(), 10);
    assert!(store.delivery("old4").await.unwrap().is_some());
    assert_eq!(store.replay_delivery("old5", at(2)).await.unwrap(), ReplayOutcome::Due);
    assert_eq!(store.abandon_deliveries(Some("nobody"), at(2)).await.unwrap(), 0);
}

async fn import_and_remove(store: &dyn Store) {
    let id = import().id;
    let row = ImportRow { row: 90_002, content: RowContent::Lead(Box::new(submission(90_002))) };
    assert_eq!(store.accept_rows(id, vec![row], at(3)).await.unwrap(), RowsOutcome::Kept { new: 1 });
    assert_eq!(store.row_results(id, 10_000, 50).await.unwrap().len(), 50);
    assert_eq!(store.accept_removals(id, vec![(5, submission(90_003))], at(3)).await.unwrap(), 1);
    assert!(store.latest_notification().await.unwrap().is_none());
    let before = Some(at(-10));
    let old = OldRows {
        now: at(3),
        done_before: before,
        attempts_before: before,
        deliveries_before: before,
        imports_before: before,
        receipts_before: before,
        changes_before: before,
        profiles_before: before,
        most: 100,
    };
    assert_eq!(store.remove_old(old).await.unwrap(), Default::default());
    let since = SubmissionFilter { since: Timestamp::MAX, after: None, routes: Vec::new(), limit: 10 };
    assert!(store.submissions(since).await.unwrap().is_empty());
    assert_eq!(store.unplanned([10; 4]).await.unwrap().len(), 2);
}

/// Until every connection but the one that listens has ended, and with it has told what it read.
async fn all_have_told(connection: &mut PgConnection) {
    let sql = "SELECT count(*) FROM pg_stat_activity
               WHERE datname = current_database() AND pid <> pg_backend_pid() AND query NOT ILIKE 'listen%'
                 AND backend_type = 'client backend'";
    let others = async {
        while sqlx::query_scalar::<_, i64>(sql).fetch_one(&mut *connection).await.unwrap() > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, others).await.unwrap();
}

/// What was read of each table and through each of its indexes, the most first.
async fn reads(connection: &mut PgConnection) -> Vec<(String, i64)> {
    let sql = "SELECT relname || ' read through', seq_tup_read FROM pg_stat_user_tables
               UNION ALL SELECT relname || ' by its indexes', idx_tup_fetch FROM pg_stat_user_tables
               UNION ALL SELECT indexrelname, idx_tup_read FROM pg_stat_user_indexes ORDER BY 2 DESC NULLS LAST";
    let rows = sqlx::query(sql).fetch_all(connection).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get::<Option<i64>, _>(1).unwrap_or(0))).collect()
}

async fn nothing_is_read_through(plans: &str) {
    let database = Database::fresh().await;
    database.open().await.close().await;
    let mut connection = database.connect().await;
    let name: String = sqlx::query_scalar("SELECT current_database()").fetch_one(&mut connection).await.unwrap();
    let set = AssertSqlSafe(format!("ALTER DATABASE {name} SET plan_cache_mode = {plans}"));
    sqlx::raw_sql(set).execute(&mut connection).await.unwrap();
    fill_large(&mut connection).await;
    connection.close().await.unwrap();
    let mut connection = database.connect().await;
    all_have_told(&mut connection).await;
    sqlx::raw_sql("SELECT pg_stat_reset()").execute(&mut connection).await.unwrap();
    let store = database.open().await;
    plan_and_push(&store).await;
    deliver(&store).await;
    import_and_remove(&store).await;
    store.close().await;
    all_have_told(&mut connection).await;
    let reads = reads(&mut connection).await;
    let sum: i64 = reads.iter().map(|(_, rows)| rows).sum();
    let most: Vec<_> = reads.iter().take(8).collect();
    assert!(sum > 100, "nothing was counted: {most:?}");
    assert!(sum < MOST_READ, "{sum} rows were read, most of them here: {most:?}");
}

#[tokio::test]
async fn no_table_is_read_through() {
    nothing_is_read_through("auto").await;
}

#[tokio::test]
async fn no_table_is_read_through_by_plans_that_know_no_values() {
    nothing_is_read_through("force_generic_plan").await;
}
