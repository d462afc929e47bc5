-- Schedules, what became of their occurrences, and what retention and the list of failed steps look for.

CREATE TABLE schedules (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  gives TEXT NOT NULL,
  cadence TEXT NOT NULL,
  missed TEXT NOT NULL,
  state TEXT NOT NULL,
  reason TEXT,
  next_at BIGINT,
  created_at BIGINT NOT NULL,
  set_by TEXT,
  set_at BIGINT NOT NULL
);
CREATE INDEX schedules_project ON schedules(project_id, created_at, id);
CREATE INDEX schedules_next ON schedules(next_at) WHERE next_at IS NOT NULL;

-- Its key is what keeps two servers from giving one occurrence twice.
CREATE TABLE occurrences (
  schedule_id TEXT NOT NULL REFERENCES schedules(id) ON DELETE CASCADE,
  at BIGINT NOT NULL,
  outcome TEXT NOT NULL,
  times BIGINT NOT NULL,
  run_id TEXT,
  reason TEXT,
  noted_at BIGINT NOT NULL,
  PRIMARY KEY (schedule_id, at)
);
CREATE INDEX occurrences_due ON occurrences(noted_at) WHERE outcome = 'due';

CREATE INDEX runs_ended ON runs(ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX steps_failed ON steps(project_id, ended_at, id) WHERE state = 'failed';
