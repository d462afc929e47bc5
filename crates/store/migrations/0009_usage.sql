-- What calls of language models took. A row is made before the call, with the most that it may take, and made true after it;
-- until then `settled_at` is empty. Runs are archived and go; what they cost stays.
CREATE TABLE usage (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE,
  run_id TEXT NOT NULL,
  step_id TEXT NOT NULL,
  fence BIGINT NOT NULL,
  person_id TEXT,
  agent TEXT NOT NULL,
  provider TEXT NOT NULL,
  model TEXT NOT NULL,
  input_tokens BIGINT NOT NULL,
  output_tokens BIGINT NOT NULL,
  -- Millionths of a US dollar; empty if nobody knows the price.
  micro_usd BIGINT,
  at BIGINT NOT NULL,
  settled_at BIGINT
);
CREATE INDEX usage_project ON usage(project_id, at);
CREATE INDEX usage_run ON usage(run_id);
CREATE INDEX usage_step ON usage(step_id, fence);
CREATE INDEX usage_open ON usage(project_id) WHERE settled_at IS NULL;

-- What a project's owner lets its agents spend.
CREATE TABLE budgets (
  project_id TEXT PRIMARY KEY REFERENCES projects(id) ON DELETE CASCADE,
  run_tokens BIGINT,
  day_tokens BIGINT,
  project_tokens BIGINT,
  run_micro_usd BIGINT,
  day_micro_usd BIGINT,
  project_micro_usd BIGINT,
  unpriced BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  updated_by TEXT
);

-- What was added to a budget by the answer of a person to a step that asked; once, however often the step is done.
CREATE TABLE budget_raises (
  project_id TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE,
  step_id TEXT NOT NULL,
  answered_at BIGINT NOT NULL,
  -- `step`, `run`, `day` or `project`, and which one.
  level TEXT NOT NULL,
  subject TEXT NOT NULL,
  tokens BIGINT NOT NULL,
  micro_usd BIGINT NOT NULL,
  person_id TEXT,
  PRIMARY KEY (project_id, step_id, answered_at, level)
);
CREATE INDEX budget_raises_subject ON budget_raises(project_id, level, subject);
