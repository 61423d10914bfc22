-- Version 6: whose turn it is in each group of owners.

CREATE TABLE routing (
    only  INTEGER PRIMARY KEY CHECK (only = 1),
    state TEXT NOT NULL                         -- JSON
);
