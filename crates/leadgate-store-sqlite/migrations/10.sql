-- Version 10: the accounts, and what an app key may do. Of each account but the first, the data is in a file of its own.

CREATE TABLE accounts (
    number      INTEGER PRIMARY KEY AUTOINCREMENT, -- never given again
    name        TEXT    NOT NULL UNIQUE,
    state       INTEGER NOT NULL,                  -- 0: active, 1: paused, 2: removing
    settings    TEXT    NOT NULL,                  -- JSON
    credentials BLOB,                              -- sealed
    added_at    INTEGER NOT NULL,
    changed_at  INTEGER NOT NULL
);
INSERT INTO accounts (number, name, state, settings, added_at, changed_at) VALUES (1, 'default', 0, '{}', 0, 0);

ALTER TABLE app_keys ADD COLUMN may TEXT NOT NULL DEFAULT 'all';
