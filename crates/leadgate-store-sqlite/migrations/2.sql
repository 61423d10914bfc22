-- Version 2: submissions that need more than their route to be read.

-- The form's name, the kind of event, the encoding of a notification.
ALTER TABLE inbox ADD COLUMN label TEXT;
