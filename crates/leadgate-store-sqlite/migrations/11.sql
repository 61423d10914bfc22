-- Version 11: demands to forget a person, and their receipts.

CREATE TABLE forgets (
    id       BLOB PRIMARY KEY,                  -- 16 bytes
    begun_at INTEGER NOT NULL,
    phase    INTEGER NOT NULL,                  -- 0: erasing, 1: asking the CRM, 2: closing, 3: done
    sweep    TEXT    NOT NULL,                  -- JSON; digests, never an address
    job      INTEGER REFERENCES inbox (seq),    -- that has the CRM forget the person; NULL: the CRM is left alone
    receipt  TEXT,                              -- JSON
    ended_at INTEGER
) WITHOUT ROWID;
CREATE INDEX forgets_open ON forgets (id) WHERE phase < 3;
CREATE INDEX forgets_done ON forgets (ended_at) WHERE phase = 3;
CREATE INDEX forgets_job ON forgets (job);

-- A submission that is removed is taken out of the import that it was of.
CREATE INDEX import_rows_removal ON import_rows (removal) WHERE removal IS NOT NULL;

-- When the file was rewritten, so that nothing is left in it of what was deleted before deleting overwrote.
CREATE TABLE upkeep (
    only         INTEGER PRIMARY KEY CHECK (only = 1),
    rewritten_at INTEGER NOT NULL
);

-- Deliveries of which nothing is left are removed by their age like those that arrived.
CREATE INDEX deliveries_forgotten ON deliveries (ended_at) WHERE progress = 2 AND content = 'null';
