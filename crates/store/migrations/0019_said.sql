-- What people said to coding agents on runners, while these had a lease; each is said to the runner until it has heard it. What was said
-- to a lease is not said to the next one.
CREATE TABLE said (
  step_id TEXT NOT NULL,
  fence BIGINT NOT NULL,
  said_id BIGINT NOT NULL,
  project_id TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE,
  verb TEXT NOT NULL,
  text TEXT NOT NULL,
  said_by TEXT REFERENCES people(id) ON DELETE SET NULL,
  said_at BIGINT NOT NULL,
  heard_at BIGINT,
  PRIMARY KEY (step_id, fence, said_id),
  FOREIGN KEY (step_id, fence) REFERENCES executions(step_id, fence) ON DELETE CASCADE
);
CREATE INDEX said_project ON said(project_id);
CREATE INDEX said_person ON said(said_by);
