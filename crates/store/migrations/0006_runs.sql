-- Runs: graphs of steps. What changes often stands in narrow columns; what a step was given and gave is read only when it
-- is claimed or looked at.

CREATE TABLE runs (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE,
  kind TEXT NOT NULL,
  title TEXT NOT NULL,
  input TEXT NOT NULL,
  idempotency_key TEXT,
  fingerprint TEXT,
  state TEXT NOT NULL,
  paused TEXT,
  asked_at BIGINT,
  asked_by TEXT,
  total BIGINT NOT NULL,
  complete BIGINT NOT NULL DEFAULT 0,
  failed BIGINT NOT NULL DEFAULT 0,
  cancelled BIGINT NOT NULL DEFAULT 0,
  log_end BIGINT NOT NULL DEFAULT 0,
  created_at BIGINT NOT NULL,
  created_by TEXT,
  started_at BIGINT,
  ended_at BIGINT
);
CREATE UNIQUE INDEX runs_key ON runs(project_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX runs_project ON runs(project_id, created_at, id);

-- `rank` says that a step is ready, and its turn; `wake_at` when the clock has something to say about it; `settled` is the
-- fence of the lease whose outcome was accepted last.
CREATE TABLE steps (
  id TEXT PRIMARY KEY,
  run_id TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
  project_id TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE,
  ordinal BIGINT NOT NULL,
  name TEXT NOT NULL,
  queue TEXT NOT NULL,
  priority TEXT NOT NULL,
  limits TEXT NOT NULL,
  input TEXT NOT NULL,
  delay_until BIGINT,
  state TEXT NOT NULL,
  reason TEXT,
  open_parents BIGINT NOT NULL,
  attempt BIGINT NOT NULL DEFAULT 0,
  lost BIGINT NOT NULL DEFAULT 0,
  fence BIGINT NOT NULL DEFAULT 0,
  settled BIGINT NOT NULL DEFAULT 0,
  worker TEXT,
  rank BIGINT,
  wake_at BIGINT,
  not_before BIGINT,
  expires_at BIGINT,
  leased_at BIGINT,
  lease_until BIGINT,
  progressed_at BIGINT,
  asked_at BIGINT,
  ended_at BIGINT,
  answer TEXT
);
CREATE UNIQUE INDEX steps_run ON steps(run_id, ordinal);
CREATE INDEX steps_project ON steps(project_id);
CREATE INDEX steps_ready ON steps(queue, rank, id) WHERE rank IS NOT NULL;
CREATE INDEX steps_wake ON steps(wake_at) WHERE wake_at IS NOT NULL;

CREATE TABLE step_edges (
  child_id TEXT NOT NULL REFERENCES steps(id) ON DELETE CASCADE,
  parent_id TEXT NOT NULL REFERENCES steps(id) ON DELETE CASCADE,
  PRIMARY KEY (child_id, parent_id)
);
CREATE INDEX step_edges_parent ON step_edges(parent_id);

-- What came of each lease; written once, when it ends. What a step gave is what its settled lease did.
CREATE TABLE attempts (
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
);

-- A run's log: pieces by the offset in bytes at which each begins, without a gap.
CREATE TABLE run_log (
  run_id TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
  start BIGINT NOT NULL,
  step_id TEXT NOT NULL,
  fence BIGINT NOT NULL,
  kind TEXT NOT NULL,
  text TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (run_id, start)
);

-- What people read of a project's stream leaves out the steps of runs.
CREATE INDEX events_told ON events(project_id, seq) WHERE kind <> 'step:updated';
