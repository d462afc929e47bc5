-- What runners can do, as they said when they joined last, so that every server knows.
ALTER TABLE runners ADD COLUMN commands BIGINT NOT NULL DEFAULT 0;
ALTER TABLE runners ADD COLUMN agents TEXT NOT NULL DEFAULT '[]';
ALTER TABLE runners ADD COLUMN tools TEXT NOT NULL DEFAULT '[]';

-- What the fleet did on each day of universal time, which is a number: one row for a runner, an agent (empty for commands) and a
-- person (empty for nobody), added to in the transaction that notes how an execution ended. Runs are archived and go, runners are
-- removed; this stays, and is what budgets and reports are made of, however many tasks there were.
CREATE TABLE fleet_days (
  project_id TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE,
  day BIGINT NOT NULL,
  runner_id TEXT NOT NULL,
  agent TEXT NOT NULL,
  person_id TEXT NOT NULL,
  runner_name TEXT NOT NULL,
  tasks BIGINT NOT NULL,
  complete BIGINT NOT NULL,
  failed BIGINT NOT NULL,
  ran_ms BIGINT NOT NULL,
  input_tokens BIGINT NOT NULL,
  output_tokens BIGINT NOT NULL,
  cost_micros BIGINT NOT NULL,
  PRIMARY KEY (project_id, day, runner_id, agent, person_id)
);

-- What is under way in a project, however much there was.
CREATE INDEX runs_open ON runs(project_id, created_at) WHERE ended_at IS NULL;
