-- Version 2: who of several instances lives.

CREATE TABLE instances (
    account BIGINT NOT NULL,
    worker  TEXT   NOT NULL,
    beats   BIGINT NOT NULL,                        -- counts on while it lives
    PRIMARY KEY (account, worker)
) WITH (fillfactor = 50);
