-- Rows that are found by their key only, and that are many, are kept in the key's own order, so that each is written once
-- rather than into a table and into an index.

CREATE TABLE new_events (
  project_id TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE,
  seq BIGINT NOT NULL,
  kind TEXT NOT NULL,
  actor TEXT,
  at BIGINT NOT NULL,
  payload TEXT NOT NULL,
  PRIMARY KEY (project_id, seq)
) WITHOUT ROWID;
INSERT INTO new_events (project_id, seq, kind, actor, at, payload)
  SELECT project_id, seq, kind, actor, at, payload FROM events ORDER BY project_id, seq;
DROP TABLE events;
ALTER TABLE new_events RENAME TO events;
CREATE INDEX events_told ON events(project_id, seq) WHERE kind <> 'step:updated';

CREATE TABLE new_attempts (
  step_id TEXT NOT NULL REFERENCES steps(id) ON DELETE CASCADE,
  fence BIGINT NOT NULL,
  attempt BIGINT NOT NULL,
  worker TEXT NOT NULL,
  outcome TEXT NOT NULL,
  error TEXT,
  output TEXT,
  began_at BIGINT NOT NULL,
  ended_at BIGINT NOT NULL,
  PRIMARY KEY (step_id, fence)
) WITHOUT ROWID;
INSERT INTO new_attempts (step_id, fence, attempt, worker, outcome, error, output, began_at, ended_at)
  SELECT step_id, fence, attempt, worker, outcome, error, output, began_at, ended_at FROM attempts ORDER BY step_id, fence;
DROP TABLE attempts;
ALTER TABLE new_attempts RENAME TO attempts;
