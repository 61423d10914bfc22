-- Version 14: submissions since a moment are found by bisection.

-- They are numbered in order of arrival, so few looks find the first of a moment; see src/listing.rs. An index would be one more page for each
-- accept to write, and to wait for.
DROP INDEX inbox_accepted;
