-- Old events may leave the database: a prefix of the log is exported to a file beside it, and the rest
-- is anchored on the prefix's last hash. One row an export, one after the other without a gap; written
-- once the file is durable, and only then may the rows of `events` go (src/record/audit/export-events.ts).
CREATE TABLE exports (
  last INTEGER PRIMARY KEY,  -- id of the last event in it
  first INTEGER NOT NULL,
  hash TEXT NOT NULL,        -- of event `last`: what event `last` + 1 follows
  newest_ms INTEGER NOT NULL -- of all its events, for queries that don't reach back so far
) STRICT;

-- The newest event stays: the next one is chained to it. What was exported can't be taken back,
-- and no other hash than the event's own can be put in its place.
CREATE TRIGGER exports_in_order BEFORE INSERT ON exports
WHEN NEW.first IS NOT (SELECT coalesce(max(last), 0) + 1 FROM exports)
  OR NEW.last < NEW.first
  OR NEW.last >= (SELECT max(id) FROM events)
  OR NEW.hash IS NOT (SELECT hash FROM events WHERE id = NEW.last)
BEGIN
  SELECT RAISE(ABORT, 'the audit log is append-only: only the oldest events, and never the newest, can be exported');
END;

CREATE TRIGGER exports_no_update BEFORE UPDATE ON exports
BEGIN
  SELECT RAISE(ABORT, 'the audit log is append-only: exports cannot be changed');
END;

CREATE TRIGGER exports_no_delete BEFORE DELETE ON exports
BEGIN
  SELECT RAISE(ABORT, 'the audit log is append-only: exports cannot be deleted');
END;

DROP TRIGGER events_no_delete;
CREATE TRIGGER events_no_delete BEFORE DELETE ON events
WHEN OLD.id > (SELECT coalesce(max(last), 0) FROM exports)
BEGIN
  SELECT RAISE(ABORT, 'the audit log is append-only: events cannot be deleted');
END;
