-- Version 3: dedupe keys by the time at which they end.
-- Keys are as scattered as digests. In an index by key alone each new one falls on another page, and the more of them there are, the more
-- pages go whole into the write-ahead log. Here new keys fall into the one or two periods that are under way, and those that are over are not written to
-- any more. A period is six hours of the ends of callers' keys, ten minutes of those of contents; `PERIOD` in src/dedupe.rs says the same.
CREATE INDEX inbox_dedupe_period ON inbox (
    account,
    dedupe_kind,
    (dedupe_until / CASE dedupe_kind WHEN 0 THEN 21600000000 ELSE 600000000 END),
    dedupe
);
