-- What agents say to each other, and what people are asked to allow, is looked for among all that a run's log holds.
CREATE INDEX run_log_messages ON run_log(run_id, start) WHERE kind = 'message';
CREATE INDEX run_log_approvals ON run_log(run_id, step_id, start) WHERE kind = 'approval';

-- Secrets of a project, sealed under the master key.
CREATE TABLE project_secrets (
  project_id TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  updated_at BIGINT NOT NULL,
  updated_by TEXT,
  PRIMARY KEY (project_id, name)
);

-- Servers of others whose tools a project's agents may use. Either an address, or the name of a command that the server's
-- configuration has.
CREATE TABLE tool_servers (
  project_id TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  url TEXT,
  command TEXT,
  -- Names of the tools that may be called without asking a person, as JSON; empty if a person is asked about whatever writes.
  trusted TEXT NOT NULL,
  updated_at BIGINT NOT NULL,
  updated_by TEXT,
  PRIMARY KEY (project_id, name)
);
