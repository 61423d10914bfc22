//! The queue of deliveries. What is left of a person's delivery is that there was one, where to and when.

use leadgate_store::erasure::{Place, RowKey, Sweep};
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use super::{Going, Page, after, until};
use crate::columns::micros;
use crate::deliveries::leave_line;

/// Why a delivery of which nothing is left is not made.
const WHY: &str = "forgotten: the person whom it was about was forgotten";

struct Delivery {
    seq: i64,
    ordering: String,
    content: String,
    parked: Option<String>,
    progress: i16,
    /// Of its attempts.
    messages: Vec<String>,
}

const PAGE: &str = "SELECT seq, ordering, content, parked, progress, ARRAY (
        SELECT message FROM delivery_attempts
        WHERE account = $1 AND delivery = deliveries.seq AND message IS NOT NULL)
    FROM deliveries WHERE account = $1 AND seq > $2 AND seq <= $3 ORDER BY seq LIMIT $4";

pub(super) async fn page(going: &mut Going<'_>, sweep: &mut Sweep) -> Result<Page, sqlx::Error> {
    let query = sqlx::query(PAGE).bind(going.account).bind(after(sweep).1).bind(until(sweep, Place::Deliveries));
    let found = query.bind(i64::from(going.most)).fetch_all(&mut *going.connection).await?;
    let (mut theirs, mut keys) = (0, Vec::with_capacity(found.len()));
    for row in &found {
        let delivery = Delivery::read(row)?;
        if delivery.names(sweep) {
            theirs += 1;
            if going.erasing.is_some() {
                sweep.cancelled += u64::from(delivery.progress != 1);
                erase(going, &delivery).await?;
            }
        }
        keys.push(RowKey(String::new(), delivery.seq));
    }
    Ok(Page::of(theirs, keys.into_iter(), going.most))
}

impl Delivery {
    fn read(row: &PgRow) -> Result<Delivery, sqlx::Error> {
        Ok(Delivery {
            seq: row.try_get(0)?,
            ordering: row.try_get(1)?,
            content: row.try_get(2)?,
            parked: row.try_get(3)?,
            progress: row.try_get(4)?,
            messages: row.try_get(5)?,
        })
    }

    fn names(&self, sweep: &Sweep) -> bool {
        let marks = &sweep.marks;
        marks.is_key(&self.ordering)
            || marks.are_in_body(self.content.as_bytes())
            || self.parked.iter().chain(&self.messages).any(|text| marks.are_in_text(text))
    }
}

async fn erase(going: &mut Going<'_>, delivery: &Delivery) -> Result<(), sqlx::Error> {
    let Some(erasing) = &mut going.erasing else { return Ok(()) };
    let (account, seq) = (going.account, delivery.seq);
    let messages = "UPDATE delivery_attempts SET message = NULL WHERE account = $1 AND delivery = $2";
    sqlx::query(messages).bind(account).bind(seq).execute(&mut *going.connection).await?;
    let sql = "UPDATE deliveries SET content = 'null', parked = $3, progress = CASE progress WHEN 1 THEN 1 ELSE 2 END,
                   is_first = false, lease_worker = NULL, lease_number = lease_number + 1,
                   ended_at = coalesce(ended_at, $4)
               WHERE account = $1 AND seq = $2";
    let blank = sqlx::query(sql).bind(account).bind(seq).bind(WHY).bind(micros(erasing.now));
    blank.execute(&mut *going.connection).await?;
    if delivery.progress == 0 {
        erasing.announcements.deliveries |= leave_line(going.connection, account, seq).await?;
    }
    // The key of the line is a digest of an address that can be guessed.
    let sql = "UPDATE deliveries SET ordering = 'forgotten:' || seq WHERE account = $1 AND seq = $2";
    sqlx::query(sql).bind(account).bind(seq).execute(&mut *going.connection).await.map(|_| ())
}
