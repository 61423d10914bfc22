-- Version 14: of the moments of submissions, every 64th is enough.

-- They are numbered in order of arrival, so that a few rows too many are read where a list begins at a moment; see src/listing.rs. An index of all is one
-- more page for each accept to write, and to wait for.
DROP INDEX inbox_accepted;
CREATE INDEX inbox_accepted ON inbox (accepted_at) WHERE seq % 64 = 0;
