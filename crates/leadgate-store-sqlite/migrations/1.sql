-- Version 1. Times are integer microseconds since 1970-01-01 UTC.

-- What came in, byte for byte, in order of arrival.
CREATE TABLE inbox (
    seq          INTEGER PRIMARY KEY,
    id           BLOB    NOT NULL,              -- 16 bytes
    route        TEXT    NOT NULL,
    target       INTEGER,
    body         BLOB    NOT NULL,
    lane         INTEGER NOT NULL,              -- rank, 0 is the most urgent
    dedupe_kind  INTEGER NOT NULL,              -- 0: caller's key, 1: content
    dedupe       BLOB    NOT NULL,              -- 16 bytes
    body_digest  BLOB,                          -- 16 bytes; for caller's keys
    accepted_at  INTEGER NOT NULL,
    dedupe_until INTEGER NOT NULL,
    repeats      INTEGER NOT NULL DEFAULT 0,
    planning     INTEGER NOT NULL DEFAULT 0     -- 0: waits for its plan, 1: has a job, 2: has a parked job without steps
);
CREATE UNIQUE INDEX inbox_id ON inbox (id);
CREATE INDEX inbox_dedupe ON inbox (dedupe);
CREATE INDEX inbox_unplanned ON inbox (lane, seq) WHERE planning = 0;

-- One job for each submission that was planned or could not be, under the number of its inbox row.
CREATE TABLE jobs (
    id              INTEGER PRIMARY KEY REFERENCES inbox (seq),
    lane            INTEGER NOT NULL,           -- rank, 0 is the most urgent
    progress        INTEGER NOT NULL,           -- 0: working, 1: done, 2: parked
    queue           INTEGER NOT NULL,           -- 0: out, 1: ready, 2: sleeps until wake_at, 3: behind another job of its identity
    due_at          INTEGER NOT NULL,
    wake_at         INTEGER NOT NULL,           -- due_at, or the end of the lease
    packable        INTEGER NOT NULL,           -- 1: its next call can be packed with others
    lease_number    INTEGER NOT NULL DEFAULT 0,
    lease_worker    TEXT,                       -- NULL: not leased
    leased_at       INTEGER,
    abandoned_since INTEGER,
    state           TEXT    NOT NULL,           -- JSON
    step            TEXT    NOT NULL,
    failures        INTEGER NOT NULL,
    outcome         TEXT,                       -- JSON; where done
    parking         TEXT,                       -- JSON; where parked
    ended_at        INTEGER
);
CREATE INDEX jobs_ready ON jobs (lane, packable, id) WHERE queue = 1;
CREATE INDEX jobs_sleeping ON jobs (lane, wake_at) WHERE queue = 2;
CREATE INDEX jobs_working ON jobs (lane) WHERE progress = 0;
CREATE INDEX jobs_parked ON jobs (id) WHERE progress = 2;
CREATE INDEX jobs_leased ON jobs (lease_worker) WHERE lease_worker IS NOT NULL;

-- The identities of jobs that have not finished. Of a key's holders, the one with the smallest seq may be leased.
CREATE TABLE job_keys (
    seq  INTEGER PRIMARY KEY,
    job  INTEGER NOT NULL REFERENCES jobs (id),
    key  TEXT    NOT NULL,
    role INTEGER NOT NULL,                      -- 0: ordered by it, 1: only recalls it
    held INTEGER NOT NULL                       -- 1: in the queue of the key; 0: recalled, or given up by a parked job
);
CREATE INDEX job_keys_job ON job_keys (job);
CREATE INDEX job_keys_held ON job_keys (key, seq) WHERE held = 1;

CREATE TABLE attempts (
    id         INTEGER PRIMARY KEY,
    job        INTEGER NOT NULL REFERENCES jobs (id),
    call       TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    took_ms    INTEGER NOT NULL,
    status     INTEGER,
    class      TEXT    NOT NULL,
    cost_milli INTEGER NOT NULL,
    message    TEXT
);
CREATE INDEX attempts_job ON attempts (job);

-- Which record an identity belongs to, as it was last written or read.
CREATE TABLE known (
    key         TEXT PRIMARY KEY,
    record_kind TEXT    NOT NULL,
    record_id   INTEGER NOT NULL,
    filled      TEXT    NOT NULL,               -- JSON array of field names
    learned_at  INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE notes (
    record  TEXT    NOT NULL,                   -- identity key of the record
    note_id INTEGER NOT NULL,
    PRIMARY KEY (record, note_id)
) WITHOUT ROWID;

CREATE TABLE catalog (
    section TEXT PRIMARY KEY,
    read    TEXT NOT NULL                       -- JSON
) WITHOUT ROWID;

CREATE TABLE budget (
    only  INTEGER PRIMARY KEY CHECK (only = 1),
    value TEXT NOT NULL                         -- JSON
);

CREATE TABLE app_keys (
    name     TEXT PRIMARY KEY,
    digest   BLOB    NOT NULL,                  -- 32 bytes
    added_at INTEGER NOT NULL
) WITHOUT ROWID;
