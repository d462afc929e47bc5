-- It has one server. There are no rows here.
CREATE TABLE claims (
  run_id TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
  step_id TEXT NOT NULL,
  fence BIGINT NOT NULL,
  worker TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (run_id, step_id)
);
