-- Who may tell the fleet what in a project, and how much it may take: `wire::fleet::FleetPolicy` as JSON. Without a row it is the
-- one that nobody has changed.
CREATE TABLE fleet_policies (
  project_id TEXT PRIMARY KEY REFERENCES projects(id) ON DELETE CASCADE,
  policy TEXT NOT NULL,
  set_at BIGINT NOT NULL,
  set_by TEXT
);
