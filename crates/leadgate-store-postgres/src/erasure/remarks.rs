//! Texts that may name anybody: what is said of rows of imports, names of files, why destinations were switched off.

use leadgate_store::erasure::{RowKey, Sweep};
use sqlx::{AssertSqlSafe, Row as _};

use super::{Going, Page, after};

/// What stands in the place of a remark.
const FORGOTTEN: &str = "forgotten";

/// What is said of rows that could not be read.
pub(super) async fn import_rows(going: &mut Going<'_>, sweep: &Sweep) -> Result<Page, sqlx::Error> {
    let sql = "SELECT encode(import, 'hex'), row, refused FROM import_rows
               WHERE account = $1 AND (import, row) > (decode($2, 'hex'), $3) AND refused IS NOT NULL
               ORDER BY import, row LIMIT $4";
    let RowKey(import, row) = after(sweep);
    let query = sqlx::query(sql).bind(going.account).bind(import).bind(row).bind(i64::from(going.most));
    let (mut theirs, mut keys) = (0, Vec::new());
    for found in query.fetch_all(&mut *going.connection).await? {
        let key = RowKey(found.try_get(0)?, found.try_get(1)?);
        if sweep.marks.are_in_text(found.try_get(2)?) {
            theirs += 1;
            if going.erasing.is_some() {
                let sql = "UPDATE import_rows SET refused = $4
                           WHERE account = $1 AND import = decode($2, 'hex') AND row = $3";
                let blank = sqlx::query(sql).bind(going.account).bind(&key.0).bind(key.1).bind(FORGOTTEN);
                blank.execute(&mut *going.connection).await?;
            }
        }
        keys.push(key);
    }
    Ok(Page::of(theirs, keys.into_iter(), going.most))
}

/// Tables of few rows that hold a text which may name anybody, with what stands in its place.
const REMARKS: [(&str, &str, &str); 3] =
    [("destinations", "off_reason", FORGOTTEN), ("imports", "name", FORGOTTEN), ("imports", "mapping", "null")];

/// Names of files, and why destinations were switched off.
pub(super) async fn remarks(going: &mut Going<'_>, sweep: &Sweep) -> Result<Page, sqlx::Error> {
    let mut theirs = 0;
    for (table, column, instead) in REMARKS {
        let sql = format!("SELECT DISTINCT {column} FROM {table} WHERE account = $1 AND {column} IS NOT NULL");
        let texts = sqlx::query_scalar(AssertSqlSafe(sql)).bind(going.account);
        let texts: Vec<String> = texts.fetch_all(&mut *going.connection).await?;
        for text in texts.iter().filter(|text| sweep.marks.are_in_body(text.as_bytes())) {
            theirs += 1;
            if going.erasing.is_some() {
                let sql = format!("UPDATE {table} SET {column} = $3 WHERE account = $1 AND {column} = $2");
                let blank = sqlx::query(AssertSqlSafe(sql)).bind(going.account).bind(text).bind(instead);
                blank.execute(&mut *going.connection).await?;
            }
        }
    }
    Ok(Page { theirs, last: None })
}
