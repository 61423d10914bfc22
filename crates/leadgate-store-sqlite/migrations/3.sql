-- Version 3: what events said of people.

-- By the digest of an id of the person.
CREATE TABLE profiles (
    key        TEXT PRIMARY KEY,
    profile    TEXT    NOT NULL,                -- JSON
    changed_at INTEGER NOT NULL
) WITHOUT ROWID;
