-- What runners did: a lease on a step that was given to one. Its end is absent while it goes on, and if it ended without a word.
CREATE TABLE executions (
  step_id TEXT NOT NULL REFERENCES steps(id) ON DELETE CASCADE,
  fence BIGINT NOT NULL,
  project_id TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE,
  runner_id TEXT REFERENCES runners(id) ON DELETE SET NULL,
  runner_name TEXT NOT NULL,
  began_at BIGINT NOT NULL,
  ended_at BIGINT,
  outcome TEXT,
  PRIMARY KEY (step_id, fence)
);
CREATE INDEX executions_project ON executions(project_id, began_at);
CREATE INDEX executions_runner ON executions(runner_id, began_at);

-- What they wrote meanwhile, by names: bytes without a gap, in pieces by the offset at which each begins.
CREATE TABLE streams (
  step_id TEXT NOT NULL,
  fence BIGINT NOT NULL,
  name TEXT NOT NULL,
  length BIGINT NOT NULL,
  PRIMARY KEY (step_id, fence, name),
  FOREIGN KEY (step_id, fence) REFERENCES executions(step_id, fence) ON DELETE CASCADE
);
CREATE TABLE stream_pieces (
  step_id TEXT NOT NULL,
  fence BIGINT NOT NULL,
  name TEXT NOT NULL,
  start BIGINT NOT NULL,
  bytes BYTEA NOT NULL,
  PRIMARY KEY (step_id, fence, name, start),
  FOREIGN KEY (step_id, fence, name) REFERENCES streams(step_id, fence, name) ON DELETE CASCADE
);
