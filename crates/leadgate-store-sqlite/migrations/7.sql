-- Version 7: what has grown old is found by its age.

-- Submissions since a moment; and the oldest of what has ended, which retention removes.
CREATE INDEX inbox_accepted ON inbox (accepted_at);
CREATE INDEX jobs_done ON jobs (ended_at) WHERE progress = 1;
CREATE INDEX deliveries_done ON deliveries (ended_at) WHERE progress = 1;
CREATE INDEX profiles_changed ON profiles (changed_at);

-- A submission stays as long as a change names it.
CREATE INDEX changes_inbox ON changes (inbox);
