-- The audit log, and what the supervisor needs to go on after a crash.
PRAGMA application_id = 0x47504A53; -- "GPJS": tells our file from another program's

-- Append-only and chained: `hash` covers the previous row's hash and this row (src/record/audit/chain.ts).
-- No UNIQUE here besides the id: INSERT OR REPLACE deletes old rows through any unique index.
CREATE TABLE events (
  id INTEGER PRIMARY KEY CHECK (id > 0),
  at TEXT NOT NULL,          -- ISO 8601 with the local offset, for people
  at_ms INTEGER NOT NULL,    -- the same moment, for queries
  kind TEXT NOT NULL,
  job TEXT,
  run INTEGER,
  actor TEXT NOT NULL,
  reason TEXT NOT NULL,
  evidence TEXT,             -- JSON
  outcome TEXT,              -- JSON
  hash TEXT NOT NULL
) STRICT;

-- By time and not by id: the clock may be set back, and `since` means the clock. A query by job and
-- kind has an index of its own because either alone may match millions of rows.
CREATE INDEX events_at ON events (at_ms);
CREATE INDEX events_kind ON events (kind, at_ms);
CREATE INDEX events_job ON events (job, at_ms) WHERE job IS NOT NULL;
CREATE INDEX events_job_kind ON events (job, kind, at_ms) WHERE job IS NOT NULL;

CREATE TRIGGER events_no_update BEFORE UPDATE ON events
BEGIN
  SELECT RAISE(ABORT, 'the audit log is append-only: events cannot be changed');
END;

CREATE TRIGGER events_no_delete BEFORE DELETE ON events
BEGIN
  SELECT RAISE(ABORT, 'the audit log is append-only: events cannot be deleted');
END;

-- Fires before REPLACE removes a row, whatever the other connection's recursive_triggers says.
CREATE TRIGGER events_in_order BEFORE INSERT ON events
WHEN NEW.id <> (SELECT coalesce(max(id), 0) + 1 FROM events)
BEGIN
  SELECT RAISE(ABORT, 'the audit log is append-only: an event can only be added at the end');
END;

CREATE TABLE jobs (
  name TEXT PRIMARY KEY,
  state TEXT NOT NULL,       -- the state's name, for people who look with sqlite3
  job TEXT NOT NULL,         -- JSON: everything that is known of the job
  updated_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE runs (
  id TEXT PRIMARY KEY,
  job TEXT NOT NULL,
  number INTEGER NOT NULL,
  started_ms INTEGER NOT NULL,
  boot_id TEXT NOT NULL,
  resumed_from TEXT,
  resumed_at_step INTEGER NOT NULL,
  gpus TEXT NOT NULL,        -- JSON array of UUIDs
  ended_ms INTEGER,
  how TEXT,
  code INTEGER,
  signal TEXT,
  step INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX runs_job ON runs (job, started_ms);
CREATE INDEX runs_started ON runs (started_ms);

-- Which names the positions in samples.data stand for, so that later versions may add readings.
CREATE TABLE sample_shapes (
  id INTEGER PRIMARY KEY,
  names TEXT NOT NULL UNIQUE -- JSON: {"machine": [...], "gpu": [...]}
) STRICT;

-- Outside the chain, thinned with age.
CREATE TABLE samples (
  at_ms INTEGER PRIMARY KEY,
  shape INTEGER NOT NULL REFERENCES sample_shapes (id),
  data TEXT NOT NULL         -- JSON, see src/record/sample-row.ts
) STRICT;

-- One row: how far housekeeping has come.
CREATE TABLE upkeep (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  thinned_ms INTEGER NOT NULL, -- samples before this are one a minute
  ran_ms INTEGER NOT NULL
) STRICT;
INSERT INTO upkeep VALUES (1, 0, 0);
