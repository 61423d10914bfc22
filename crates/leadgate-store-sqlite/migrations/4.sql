-- Version 4: deliveries to receivers outside the CRM.

CREATE TABLE deliveries (
    seq          INTEGER PRIMARY KEY,
    id           TEXT    NOT NULL,
    destination  TEXT    NOT NULL REFERENCES destinations (name),
    ordering     TEXT    NOT NULL,              -- identity key; with the destination, the line
    place        INTEGER NOT NULL,              -- in the line: the smallest is the first
    content      TEXT    NOT NULL,              -- JSON
    test         INTEGER NOT NULL,              -- 1: a person asked for it to try the destination
    progress     INTEGER NOT NULL,              -- 0: waiting, 1: delivered, 2: parked
    is_first     INTEGER NOT NULL,              -- 1: waiting, and the first of its line
    wake_at      INTEGER NOT NULL,              -- when it is due, or when its lease ends
    attempts     INTEGER NOT NULL DEFAULT 0,    -- since it was last made due
    lease_number INTEGER NOT NULL DEFAULT 0,
    lease_worker TEXT,                          -- NULL: not leased
    created_at   INTEGER NOT NULL,
    ended_at     INTEGER,
    parked       TEXT                           -- why
);
CREATE UNIQUE INDEX deliveries_id ON deliveries (id);
CREATE INDEX deliveries_first ON deliveries (destination, wake_at) WHERE is_first = 1;
CREATE INDEX deliveries_line ON deliveries (destination, ordering, place) WHERE progress = 0;
CREATE INDEX deliveries_parked ON deliveries (destination, seq) WHERE progress = 2;
CREATE INDEX deliveries_place ON deliveries (place);
CREATE INDEX deliveries_leased ON deliveries (lease_worker) WHERE lease_worker IS NOT NULL;

CREATE TABLE delivery_attempts (
    id       INTEGER PRIMARY KEY,
    delivery INTEGER NOT NULL REFERENCES deliveries (seq),
    at       INTEGER NOT NULL,
    took_ms  INTEGER NOT NULL,
    status   INTEGER,
    class    TEXT    NOT NULL,
    message  TEXT
);
CREATE INDEX delivery_attempts_delivery ON delivery_attempts (delivery);

-- Every destination that ever had a delivery.
CREATE TABLE destinations (
    name       TEXT PRIMARY KEY,
    off_since  INTEGER,                         -- NULL: it takes deliveries
    off_reason TEXT
) WITHOUT ROWID;
