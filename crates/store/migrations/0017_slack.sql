-- What Slack has told, so that what it tells again is not done again. Kept for an hour.
CREATE TABLE slack_seen (
  id TEXT PRIMARY KEY,
  at BIGINT NOT NULL
);
CREATE INDEX slack_seen_at ON slack_seen(at);

-- Who people of Slack are here.
CREATE TABLE slack_people (
  team TEXT NOT NULL,
  member TEXT NOT NULL,
  person_id TEXT NOT NULL REFERENCES people(id) ON DELETE CASCADE,
  linked_at BIGINT NOT NULL,
  PRIMARY KEY (team, member)
);
CREATE INDEX slack_people_person ON slack_people(person_id);

-- The codes by which they say so: of each only the hash, one for a person, good once and for minutes.
CREATE TABLE slack_codes (
  id TEXT PRIMARY KEY,
  person_id TEXT NOT NULL UNIQUE REFERENCES people(id) ON DELETE CASCADE,
  until BIGINT NOT NULL
);

-- Which project is talked of in a channel.
CREATE TABLE slack_channels (
  team TEXT NOT NULL,
  channel TEXT NOT NULL,
  project_id TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE,
  set_by TEXT,
  set_at BIGINT NOT NULL,
  PRIMARY KEY (team, channel)
);
CREATE INDEX slack_channels_project ON slack_channels(project_id);

-- Threads that were begun for a run, by the message that tells how it gets on; `told` says that this was told to the end.
CREATE TABLE slack_threads (
  team TEXT NOT NULL,
  channel TEXT NOT NULL,
  thread TEXT NOT NULL,
  project_id TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE,
  run_id TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
  server TEXT NOT NULL,
  told BIGINT NOT NULL DEFAULT 0,
  at BIGINT NOT NULL,
  PRIMARY KEY (team, channel, thread)
);
CREATE INDEX slack_threads_project ON slack_threads(project_id);
CREATE INDEX slack_threads_run ON slack_threads(run_id);
CREATE INDEX slack_threads_untold ON slack_threads(server) WHERE told = 0;
