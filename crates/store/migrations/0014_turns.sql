-- Which step of a queue whose steps are done one at a time has a lease. A table of its own, so that the steps of other queues
-- pay for no index.
CREATE TABLE turns (
  queue TEXT PRIMARY KEY,
  step_id TEXT NOT NULL REFERENCES steps(id) ON DELETE CASCADE
);
CREATE INDEX turns_step ON turns(step_id);
