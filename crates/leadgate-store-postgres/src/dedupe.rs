//! The statement that finds what submissions repeat.
//!
//! The index of dedupe keys is by account and kind, then by the period in which the key ends, then by key. So a key is looked for in each period from
//! the last in which one ends back to the present one. Periods are short beside the times that keys are remembered for, which are a day and some
//! minutes unless the settings say otherwise, so there are few. Which there are is found once for all submissions of a transaction, by stepping from
//! one to the next in the index: a key may be remembered for ever.
//!
//! Of keys that are equal and have not ended there may be two, if a clock went back; the later one ends later, and is the one that is repeated.

/// The period of a key, as the index `inbox_dedupe_period` has it.
macro_rules! period {
    ($end:literal, $kind:literal) => {
        concat!($end, " / CASE ", $kind, " WHEN 0 THEN 21600000000 ELSE 600000000 END")
    };
}

/// Of each submission, in order: number, id and digest of the body of the one that it repeats, and whether it is there already under its own
/// id, which is looked at if `$6` says so. Its columns: account, kind (0: a caller's key, 1: content), key, the present moment, id.
pub(crate) const EARLIER: &str = concat!(
    "WITH RECURSIVE new AS (
        SELECT * FROM unnest($1::bigint[], $2::smallint[], $3::bytea[], $4::bigint[], $5::bytea[]) WITH ORDINALITY
            AS new (account, kind, digest, now, id, place)
    ), period (account, kind, present, number) AS (
        SELECT account, kind, present, (
            SELECT ",
    period!("dedupe_until", "dedupe_kind"),
    " FROM inbox WHERE account = sort.account AND dedupe_kind = sort.kind ORDER BY 1 DESC LIMIT 1)
        FROM (SELECT account, kind, ",
    period!("min(now)", "kind"),
    " AS present FROM new GROUP BY account, kind) AS sort
        UNION ALL
        SELECT account, kind, present, (
            SELECT ",
    period!("dedupe_until", "dedupe_kind"),
    " FROM inbox WHERE account = period.account AND dedupe_kind = period.kind AND ",
    period!("dedupe_until", "dedupe_kind"),
    " < period.number ORDER BY 1 DESC LIMIT 1)
        FROM period WHERE number >= present
    ), earlier AS (
        SELECT DISTINCT ON (new.place) new.place, one.seq, one.id, one.body_digest
        FROM new
        JOIN period ON period.account = new.account AND period.kind = new.kind AND period.number >= period.present
        CROSS JOIN LATERAL (
            SELECT seq, id, body_digest FROM inbox
            WHERE account = new.account AND dedupe_kind = new.kind AND ",
    period!("dedupe_until", "dedupe_kind"),
    " = period.number
              AND dedupe = new.digest AND dedupe_until > new.now
            ORDER BY seq DESC LIMIT 1) AS one
        ORDER BY new.place, period.number DESC
    )
    SELECT earlier.seq, earlier.id, earlier.body_digest,
        $6 AND EXISTS (SELECT 1 FROM inbox AS own WHERE own.account = new.account AND own.id = new.id)
    FROM new LEFT JOIN earlier ON earlier.place = new.place
    ORDER BY new.place"
);
