//! Tables in a Postgres database.

use leadgate_core::sync::Stream;
use leadgate_warehouse::{Batch, SinkSpec};
use sqlx::{AssertSqlSafe, PgConnection, Row as _};

use crate::postgres_server::{connect, start};
use crate::samples::{copied, damage, deals, evolved, forget, move_on, name_somebody, of_deals, publish, some_deals};

async fn texts(connection: &mut PgConnection, sql: &str) -> Vec<Option<String>> {
    let rows = sqlx::query(AssertSqlSafe(sql)).persistent(false).fetch_all(connection).await.unwrap();
    rows.iter().map(|row| row.try_get(0).unwrap()).collect()
}

/// Every row of the table as text, in order.
async fn dump(connection: &mut PgConnection, table: &str) -> Vec<Option<String>> {
    texts(connection, &format!("SELECT t::text FROM {table} AS t ORDER BY 1")).await
}

#[tokio::test]
async fn tables_are_typed_exact_and_follow_the_copy() {
    let server = start();
    let (mut connection, mut copying) = (connect(&server).await, copied());
    let spec = SinkSpec::parse(&server.url()).unwrap();
    publish(&copying, &spec).await;
    let types = "SELECT string_agg(format_type(atttypid, atttypmod), ' ' ORDER BY attnum) FROM pg_attribute \
                 WHERE attrelid = 'freshsales.deals'::regclass AND attnum > 0";
    let types = texts(&mut connection, types).await;
    assert_eq!(types[0].as_deref(), Some("bigint text numeric boolean date timestamp with time zone jsonb text"));
    let exact = "SELECT format('%s|%s|%s|%s', id, amount, updated_at AT TIME ZONE 'UTC', tags->0) FROM freshsales.deals ORDER BY id DESC";
    let exact = texts(&mut connection, exact).await;
    assert_eq!(exact[0].as_deref(), Some("9007199254740993123|1234567890123456.78|2026-11-27 04:30:00.5|\"a,b\""));
    let name = texts(&mut connection, "SELECT name FROM freshsales.deals ORDER BY id").await;
    assert_eq!(name[1].as_deref(), Some("two\r\nlines\tand \\N"));
    let label = texts(&mut connection, "SELECT col_description('freshsales.deals'::regclass, 8)").await;
    assert_eq!(label[0].as_deref(), Some("Plan's \\ name"));

    move_on(&mut copying);
    assert_eq!(of_deals(&publish(&copying, &spec).await), (2, 1));
    assert_eq!(of_deals(&publish(&copying, &spec).await), (0, 0));
    let fresh = SinkSpec::parse_with(&server.url(), None, Some("fresh")).unwrap();
    publish(&copying, &fresh).await;
    for table in ["deals", "changes"] {
        let followed = dump(&mut connection, &format!("freshsales.{table}")).await;
        assert_eq!(followed, dump(&mut connection, &format!("fresh.{table}")).await);
    }
}

#[tokio::test]
async fn columns_evolve_and_a_publish_that_is_cut_leaves_the_old_rows() {
    let server = start();
    let (mut connection, mut copying) = (connect(&server).await, copied());
    let spec = SinkSpec::parse(&server.url()).unwrap();
    publish(&copying, &spec).await;
    let (schema, row) = evolved();
    let batch = Batch { rows: vec![row.into()], ..copying.batch(schema) };
    copying.apply(batch);
    let deals = publish(&copying, &spec).await.tables["deals"].clone();
    assert_eq!((deals.added.len(), deals.renamed.len(), deals.retired), (1, 1, vec!["tags".to_owned()]));
    let cells = "SELECT concat_ws('|', cf_tier, cf_seats, tags) FROM freshsales.deals ORDER BY id DESC";
    assert_eq!(
        texts(&mut connection, cells).await[0].as_deref(),
        Some("=HYPERLINK(\"x\")|12|[\"a,b\", {\"c\": null}]")
    );

    let before = dump(&mut connection, "freshsales.deals").await;
    move_on(&mut copying);
    damage(&copying);
    spec.open().unwrap().publish(&copying.path(), &[Stream::Deals]).await.unwrap_err();
    assert_eq!(dump(&mut connection, "freshsales.deals").await, before);
}

#[tokio::test]
async fn a_writer_replaces_a_table_that_follows_no_copy_and_history_stays() {
    let server = start();
    let (mut connection, mut copying) = (connect(&server).await, copied());
    let spec = SinkSpec::parse(&server.url()).unwrap();
    let mut writer = spec.writer(&deals()).unwrap();
    let row = some_deals().remove(0);
    writer.write(&row).unwrap();
    writer.write(&row).unwrap();
    assert_eq!(writer.finish().await.unwrap().rows, 1);
    assert_eq!(dump(&mut connection, "freshsales.deals").await.len(), 1);
    move_on(&mut copying);
    publish(&copying, &spec).await;
    spec.open().unwrap().check(&[Stream::Deals]).await.unwrap();
    assert_eq!(dump(&mut connection, "freshsales.deals").await.len(), 3);
    assert!(spec.writer(&deals()).unwrap().check().await.is_err());

    let before = texts(&mut connection, "SELECT t::text FROM freshsales.changes AS t ORDER BY seq").await;
    publish(&copied(), &spec).await;
    let after = texts(&mut connection, "SELECT t::text FROM freshsales.changes AS t ORDER BY seq").await;
    assert_eq!(after[..before.len()], before);
    assert_eq!(after.len(), before.len() + 1, "the row that was gone: {after:?}");
}

#[tokio::test]
async fn the_history_of_a_copy_that_somebody_was_taken_out_of_goes() {
    let server = start();
    let (mut connection, mut copying) = (connect(&server).await, copied());
    let spec = SinkSpec::parse(&server.url()).unwrap();
    name_somebody(&mut copying, "ada@example.org");
    publish(&copying, &spec).await;
    let naming = "SELECT t::text FROM freshsales.changes AS t WHERE t::text LIKE '%ada@example.org%'";
    assert_eq!(texts(&mut connection, naming).await.len(), 2);
    forget(&mut copying, "ada@example.org");
    publish(&copying, &spec).await;
    assert_eq!(texts(&mut connection, naming).await.len(), 0);
    publish(&copying, &SinkSpec::parse_with(&server.url(), None, Some("fresh")).unwrap()).await;
    let followed = dump(&mut connection, "freshsales.changes").await;
    assert_eq!(followed, dump(&mut connection, "fresh.changes").await);
}
