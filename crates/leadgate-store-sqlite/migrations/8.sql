-- Version 8: imports, and which submission each of their rows became.

CREATE TABLE imports (
    id         BLOB PRIMARY KEY,                -- 16 bytes
    name       TEXT    NOT NULL,
    digest     BLOB    NOT NULL,                -- 16 bytes, of the file and its mapping
    rows       INTEGER NOT NULL,
    mapping    TEXT    NOT NULL,                -- JSON
    created_at INTEGER NOT NULL,
    state      INTEGER NOT NULL DEFAULT 0       -- 0: running, 1: paused, 2: undone
) WITHOUT ROWID;
CREATE INDEX imports_digest ON imports (digest);

-- A row is one of: a submission, a mistake, a repeat of an earlier row.
CREATE TABLE import_rows (
    import       BLOB    NOT NULL REFERENCES imports (id),
    row          INTEGER NOT NULL,
    submission   INTEGER REFERENCES inbox (seq),
    refused      TEXT,
    duplicate_of INTEGER,
    removal      INTEGER REFERENCES inbox (seq), -- the submission that takes away the person whom the row made
    PRIMARY KEY (import, row)
) WITHOUT ROWID;
CREATE UNIQUE INDEX import_rows_submission ON import_rows (submission) WHERE submission IS NOT NULL;
