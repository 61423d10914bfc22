-- Version 12: who of several instances lives.

CREATE TABLE instances (
    worker TEXT PRIMARY KEY,
    beats  INTEGER NOT NULL                     -- counts on while it lives
) WITHOUT ROWID;
