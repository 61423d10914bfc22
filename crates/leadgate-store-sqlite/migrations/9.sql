-- Version 9: several instances on one store.

-- What one worker at a time does for all.
CREATE TABLE duties (
    duty       TEXT PRIMARY KEY,
    worker     TEXT    NOT NULL,
    held_until INTEGER NOT NULL
) WITHOUT ROWID;

-- The last moment of each schedule that was begun.
CREATE TABLE schedules (
    schedule TEXT PRIMARY KEY,
    begun    INTEGER NOT NULL
) WITHOUT ROWID;

-- Counts how often the budget was kept.
ALTER TABLE budget ADD COLUMN revision INTEGER NOT NULL DEFAULT 1;
