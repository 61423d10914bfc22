//! The tables that every kind of store has for an account, with the columns that stand for something. What a kind of store adds for itself, such as
//! the number of the account, is not among them, nor is the list of accounts, which is of all of them.

/// A table.
#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// How many of the first columns are its key; none for a table of one row.
    pub key: usize,
    /// Its columns.
    pub columns: &'static [Column],
}

/// A column.
#[derive(Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it holds, besides perhaps nothing.
    pub kind: Kind,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A number.
    Integer,
    /// Yes or no, as 1 or 0.
    Flag,
    /// Text.
    Text,
    /// Bytes.
    Bytes,
}

const fn integer(name: &'static str) -> Column {
    Column { name, kind: Kind::Integer }
}

const fn flag(name: &'static str) -> Column {
    Column { name, kind: Kind::Flag }
}

const fn text(name: &'static str) -> Column {
    Column { name, kind: Kind::Text }
}

const fn bytes(name: &'static str) -> Column {
    Column { name, kind: Kind::Bytes }
}

/// Every table, each behind those that its rows name.
pub const TABLES: &[Table] = &[
    Table { name: "inbox", key: 1, columns: INBOX },
    Table { name: "jobs", key: 1, columns: JOBS },
    Table {
        name: "job_keys",
        key: 1,
        columns: &[integer("seq"), integer("job"), text("key"), integer("role"), flag("held")],
    },
    Table { name: "attempts", key: 2, columns: ATTEMPTS },
    Table {
        name: "known",
        key: 1,
        columns: &[text("key"), text("record_kind"), integer("record_id"), text("filled"), integer("learned_at")],
    },
    Table { name: "notes", key: 2, columns: &[text("record"), integer("note_id")] },
    Table { name: "catalog", key: 1, columns: &[text("section"), text("read")] },
    Table { name: "budget", key: 0, columns: &[text("value"), integer("revision")] },
    Table { name: "routing", key: 0, columns: &[text("state")] },
    Table { name: "app_keys", key: 1, columns: &[text("name"), bytes("digest"), integer("added_at"), text("may")] },
    Table { name: "duties", key: 1, columns: &[text("duty"), text("worker"), integer("held_until")] },
    Table { name: "instances", key: 1, columns: &[text("worker"), integer("beats")] },
    Table { name: "schedules", key: 1, columns: &[text("schedule"), integer("begun")] },
    Table { name: "profiles", key: 1, columns: &[text("key"), text("profile"), integer("changed_at")] },
    Table { name: "destinations", key: 1, columns: &[text("name"), integer("off_since"), text("off_reason")] },
    Table { name: "deliveries", key: 1, columns: DELIVERIES },
    Table { name: "delivery_attempts", key: 2, columns: DELIVERY_ATTEMPTS },
    Table { name: "mirror", key: 2, columns: MIRROR },
    Table { name: "changes", key: 1, columns: CHANGES },
    Table {
        name: "change_tallies",
        key: 1,
        columns: &[text("kind"), integer("told"), integer("lost"), integer("late")],
    },
    Table { name: "watches", key: 1, columns: &[text("kind"), text("state")] },
    Table { name: "imports", key: 1, columns: IMPORTS },
    Table { name: "import_rows", key: 2, columns: IMPORT_ROWS },
    Table { name: "forgets", key: 1, columns: FORGETS },
];

const INBOX: &[Column] = &[
    integer("seq"),
    bytes("id"),
    text("route"),
    integer("target"),
    bytes("body"),
    text("label"),
    integer("lane"),
    integer("dedupe_kind"),
    bytes("dedupe"),
    bytes("body_digest"),
    integer("accepted_at"),
    integer("dedupe_until"),
    integer("repeats"),
    integer("planning"),
];

const JOBS: &[Column] = &[
    integer("id"),
    integer("lane"),
    integer("progress"),
    integer("queue"),
    integer("due_at"),
    integer("wake_at"),
    integer("packable"),
    integer("lease_number"),
    text("lease_worker"),
    integer("leased_at"),
    integer("abandoned_since"),
    text("state"),
    text("step"),
    integer("failures"),
    text("outcome"),
    text("parking"),
    integer("ended_at"),
];

const ATTEMPTS: &[Column] = &[
    integer("job"),
    integer("id"),
    text("call"),
    integer("at"),
    integer("took_ms"),
    integer("status"),
    text("class"),
    integer("cost_milli"),
    text("message"),
];

const DELIVERIES: &[Column] = &[
    integer("seq"),
    text("id"),
    text("destination"),
    text("ordering"),
    integer("place"),
    text("content"),
    flag("test"),
    integer("progress"),
    flag("is_first"),
    integer("wake_at"),
    integer("attempts"),
    integer("lease_number"),
    text("lease_worker"),
    integer("created_at"),
    integer("ended_at"),
    text("parked"),
];

const DELIVERY_ATTEMPTS: &[Column] = &[
    integer("delivery"),
    integer("id"),
    integer("at"),
    integer("took_ms"),
    integer("status"),
    text("class"),
    text("message"),
];

const MIRROR: &[Column] =
    &[text("kind"), integer("record"), integer("version"), text("fields"), text("told"), integer("revision")];

const CHANGES: &[Column] = &[
    integer("seq"),
    integer("inbox"),
    text("kind"),
    integer("record"),
    integer("revision"),
    text("field"),
    text("from_value"),
    text("to_value"),
    integer("at"),
    text("seen_by"),
];

const IMPORTS: &[Column] = &[
    bytes("id"),
    text("name"),
    bytes("digest"),
    integer("rows"),
    text("mapping"),
    integer("created_at"),
    integer("state"),
];

const IMPORT_ROWS: &[Column] = &[
    bytes("import"),
    integer("row"),
    integer("submission"),
    text("refused"),
    integer("duplicate_of"),
    integer("removal"),
];

const FORGETS: &[Column] = &[
    bytes("id"),
    integer("begun_at"),
    integer("phase"),
    text("sweep"),
    integer("job"),
    text("receipt"),
    integer("ended_at"),
];
