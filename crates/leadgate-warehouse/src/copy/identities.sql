-- Which row has which identity, by digests: no address is kept here. Rows that are gone may have some; `heads` says which are.

CREATE TABLE identities (
    key TEXT NOT NULL,
    stream INTEGER NOT NULL,
    id INTEGER NOT NULL,
    PRIMARY KEY (key, stream, id)
) WITHOUT ROWID;
CREATE INDEX identities_by_row ON identities (stream, id);
