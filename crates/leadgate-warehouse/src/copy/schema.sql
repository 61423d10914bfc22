-- The copy. Moments are microseconds since 1970 in UTC. Kept out of the way of each other: `heads` is small and touched by every reading,
-- `bodies` is large and touched only where a row differs.

CREATE TABLE copy (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    identity TEXT NOT NULL,
    seq INTEGER NOT NULL
);
INSERT INTO copy VALUES (1, lower(hex(randomblob(16))), 0);

CREATE TABLE streams (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    state TEXT,
    layout INTEGER,
    pass INTEGER NOT NULL DEFAULT 0,
    live INTEGER NOT NULL DEFAULT 0,
    seq INTEGER NOT NULL DEFAULT 0,
    changes_seq INTEGER NOT NULL DEFAULT 0,
    at INTEGER
);

CREATE TABLE layouts (
    number INTEGER PRIMARY KEY,
    stream INTEGER NOT NULL,
    schema TEXT NOT NULL,
    UNIQUE (stream, schema)
);

CREATE TABLE heads (
    stream INTEGER NOT NULL,
    id INTEGER NOT NULL,
    updated_at INTEGER,
    seq INTEGER NOT NULL,
    deleted_at INTEGER,
    pass INTEGER NOT NULL,
    layout INTEGER NOT NULL,
    body INTEGER NOT NULL,
    PRIMARY KEY (stream, id)
) WITHOUT ROWID;
CREATE INDEX heads_by_seq ON heads (stream, seq);

CREATE TABLE bodies (
    number INTEGER PRIMARY KEY,
    cells BLOB NOT NULL
);

CREATE TABLE changes (
    seq INTEGER PRIMARY KEY,
    stream INTEGER NOT NULL,
    id INTEGER NOT NULL,
    field TEXT NOT NULL,
    old BLOB NOT NULL,
    new BLOB NOT NULL,
    at INTEGER NOT NULL,
    noticed_at INTEGER NOT NULL
);
CREATE INDEX changes_by_stream ON changes (stream, seq);

CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    run TEXT NOT NULL
);
