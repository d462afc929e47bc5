-- Machines that may join the fleet. A runner is its owner's, and serves projects in which that person works; its key, of which
-- only the hash is kept, says which runner it is. After a change of keys the former one is good until `former_until`.
-- `connection` is there while the runner is: it has joined by it, and was last seen at `seen_at`.
CREATE TABLE runners (
  id TEXT PRIMARY KEY,
  owner_id TEXT NOT NULL REFERENCES people(id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  hash TEXT NOT NULL UNIQUE,
  hint TEXT NOT NULL,
  former_hash TEXT UNIQUE,
  former_until BIGINT,
  created_at BIGINT NOT NULL,
  seen_at BIGINT,
  connection TEXT,
  version TEXT NOT NULL DEFAULT '',
  platform TEXT NOT NULL DEFAULT '',
  slots BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX runners_owner ON runners(owner_id, created_at, id);

-- The projects that runners serve: as they declared when they joined last, and as far as their owners may.
CREATE TABLE runner_projects (
  project_id TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE,
  runner_id TEXT NOT NULL REFERENCES runners(id) ON DELETE CASCADE,
  PRIMARY KEY (project_id, runner_id)
);
CREATE INDEX runner_projects_runner ON runner_projects(runner_id);
