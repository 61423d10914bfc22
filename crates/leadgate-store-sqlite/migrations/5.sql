-- Version 5: the mirror of CRM records, and what changed.

-- The local copy, by the gateway's own names and values.
CREATE TABLE mirror (
    kind     TEXT    NOT NULL,
    record   INTEGER NOT NULL,
    version  INTEGER,                           -- when the CRM last changed it
    fields   TEXT    NOT NULL,                  -- JSON
    told     TEXT    NOT NULL,                  -- JSON; what webhooks have told of it
    revision INTEGER NOT NULL,
    PRIMARY KEY (kind, record)
) WITHOUT ROWID;

-- In the order in which they were seen.
CREATE TABLE changes (
    seq        INTEGER PRIMARY KEY,
    inbox      INTEGER NOT NULL REFERENCES inbox (seq),
    kind       TEXT    NOT NULL,
    record     INTEGER NOT NULL,
    revision   INTEGER NOT NULL,                -- of the mirror, that came of it
    field      TEXT    NOT NULL,
    from_value TEXT,                            -- JSON
    to_value   TEXT    NOT NULL,                -- JSON
    at         INTEGER NOT NULL,
    seen_by    TEXT    NOT NULL
);
CREATE UNIQUE INDEX changes_once ON changes (kind, record, revision, field);

-- How many changes were told by webhooks, found by looking, or both.
CREATE TABLE change_tallies (
    kind TEXT    PRIMARY KEY,
    told INTEGER NOT NULL,
    lost INTEGER NOT NULL,
    late INTEGER NOT NULL
) WITHOUT ROWID;

-- How far looking has come, by kind of record.
CREATE TABLE watches (
    kind  TEXT PRIMARY KEY,
    state TEXT NOT NULL                         -- JSON
) WITHOUT ROWID;

CREATE INDEX inbox_notifications ON inbox (seq) WHERE route = 'notification';
