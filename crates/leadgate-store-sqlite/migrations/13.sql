-- Version 13: dedupe keys by the time at which they end.

-- Keys are as scattered as digests. In an index by key alone each new one falls on another page, and the more of them there are, the more
-- pages a commit writes. So the index is by periods of the end first: new keys fall into the one or two that are under way, and those that are over are
-- not written to any more. See src/dedupe.rs.
ALTER TABLE inbox ADD COLUMN dedupe_period INTEGER
    AS (dedupe_until / CASE dedupe_kind WHEN 0 THEN 21600000000 ELSE 600000000 END) VIRTUAL;
DROP INDEX inbox_dedupe;
CREATE INDEX inbox_dedupe ON inbox (dedupe_kind, dedupe_period, dedupe);
