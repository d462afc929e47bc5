-- The house: people, projects, records, events, reviews, conversations. Equal on both databases; what differs stands in
-- the file of each. Times are milliseconds since 1970, ids and JSON are text, truth is 0 or 1.

CREATE TABLE people (
  id TEXT PRIMARY KEY,
  email TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  password_hash TEXT,
  admin BIGINT NOT NULL DEFAULT 0,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);

-- Who a person is at an outside sign-in.
CREATE TABLE identities (
  provider TEXT NOT NULL,
  subject TEXT NOT NULL,
  person_id TEXT NOT NULL REFERENCES people(id) ON DELETE CASCADE,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (provider, subject)
);
CREATE INDEX identities_person ON identities(person_id);

-- A family of refresh tokens: `refresh_hash` is the only one that is good, `previous_hash` the one before it.
CREATE TABLE sessions (
  id TEXT PRIMARY KEY,
  person_id TEXT NOT NULL REFERENCES people(id) ON DELETE CASCADE,
  refresh_hash TEXT NOT NULL,
  previous_hash TEXT,
  rotated_at BIGINT NOT NULL,
  device TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  last_seen_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_person ON sessions(person_id);
CREATE UNIQUE INDEX sessions_refresh ON sessions(refresh_hash);
CREATE INDEX sessions_previous ON sessions(previous_hash) WHERE previous_hash IS NOT NULL;

CREATE TABLE api_keys (
  id TEXT PRIMARY KEY,
  person_id TEXT NOT NULL REFERENCES people(id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  scope TEXT NOT NULL,
  hash TEXT NOT NULL UNIQUE,
  hint TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  last_used_at BIGINT
);
CREATE INDEX api_keys_person ON api_keys(person_id);

-- What the server keeps for itself, by name; values that are secret are sealed under the master key.
CREATE TABLE settings (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL,
  updated_at BIGINT NOT NULL
);

CREATE TABLE projects (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  slug TEXT NOT NULL,
  type TEXT NOT NULL,
  status TEXT NOT NULL,
  metadata TEXT NOT NULL,
  event_seq BIGINT NOT NULL DEFAULT 0,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);

CREATE TABLE members (
  project_id TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE,
  person_id TEXT NOT NULL REFERENCES people(id) ON DELETE CASCADE,
  role TEXT NOT NULL,
  joined_at BIGINT NOT NULL,
  PRIMARY KEY (project_id, person_id)
);
CREATE INDEX members_person ON members(person_id);

CREATE TABLE invitations (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE,
  email TEXT NOT NULL,
  role TEXT NOT NULL,
  token_hash TEXT NOT NULL UNIQUE,
  invited_by TEXT REFERENCES people(id) ON DELETE SET NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  accepted_at BIGINT
);
CREATE INDEX invitations_project ON invitations(project_id, created_at) WHERE accepted_at IS NULL;

CREATE TABLE audit (
  id TEXT PRIMARY KEY,
  project_id TEXT REFERENCES projects(id) ON DELETE CASCADE,
  person_id TEXT REFERENCES people(id) ON DELETE SET NULL,
  action TEXT NOT NULL,
  target TEXT NOT NULL,
  details TEXT NOT NULL,
  at BIGINT NOT NULL
);
CREATE INDEX audit_project ON audit(project_id, at, id);

-- The stream: facts in the order in which they were committed, without a gap, per project.
CREATE TABLE events (
  project_id TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE,
  seq BIGINT NOT NULL,
  kind TEXT NOT NULL,
  actor TEXT,
  at BIGINT NOT NULL,
  payload TEXT NOT NULL,
  PRIMARY KEY (project_id, seq)
);

-- A set of writes that was made, and can be undone, together.
CREATE TABLE changes (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE,
  person_id TEXT,
  summary TEXT NOT NULL,
  at BIGINT NOT NULL,
  undone_by TEXT
);
CREATE INDEX changes_project ON changes(project_id, at);

CREATE TABLE entities (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE,
  collection TEXT NOT NULL,
  slug TEXT NOT NULL,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  description TEXT NOT NULL,
  metadata TEXT NOT NULL,
  body TEXT,
  position BIGINT NOT NULL,
  version BIGINT NOT NULL,
  origin TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  updated_by TEXT,
  removed_at BIGINT
);
CREATE INDEX entities_list ON entities(project_id, collection, position, id) WHERE removed_at IS NULL;
CREATE INDEX entities_bin ON entities(project_id, collection, position, id) WHERE removed_at IS NOT NULL;
CREATE UNIQUE INDEX entities_slug ON entities(project_id, collection, slug) WHERE removed_at IS NULL;

CREATE TABLE entity_versions (
  entity_id TEXT NOT NULL REFERENCES entities(id) ON DELETE CASCADE,
  version BIGINT NOT NULL,
  project_id TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE,
  change_id TEXT NOT NULL,
  action TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  metadata TEXT NOT NULL,
  body TEXT,
  position BIGINT NOT NULL,
  origin TEXT NOT NULL,
  at BIGINT NOT NULL,
  person_id TEXT,
  PRIMARY KEY (entity_id, version)
);
CREATE INDEX entity_versions_change ON entity_versions(project_id, change_id);

-- What the brain knows: an attribute (`value`) or a relationship (`object_id`) of an entity, from when, by whom, until when.
CREATE TABLE facts (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE,
  subject_id TEXT NOT NULL REFERENCES entities(id) ON DELETE CASCADE,
  predicate TEXT NOT NULL,
  object_id TEXT REFERENCES entities(id) ON DELETE CASCADE,
  value TEXT,
  weight DOUBLE PRECISION,
  confidence DOUBLE PRECISION NOT NULL,
  origin TEXT NOT NULL,
  source TEXT,
  change_id TEXT NOT NULL,
  recorded_at BIGINT NOT NULL,
  valid_to BIGINT,
  ended_by TEXT
);
CREATE INDEX facts_subject ON facts(project_id, subject_id, predicate) WHERE valid_to IS NULL;
CREATE INDEX facts_object ON facts(project_id, object_id, predicate) WHERE valid_to IS NULL;
CREATE INDEX facts_predicate ON facts(project_id, predicate) WHERE valid_to IS NULL;
CREATE INDEX facts_change ON facts(project_id, change_id);
CREATE INDEX facts_ended ON facts(project_id, ended_by) WHERE ended_by IS NOT NULL;
CREATE INDEX facts_subject_fk ON facts(subject_id);
CREATE INDEX facts_object_fk ON facts(object_id);

-- Vectors by the hash of the text that they stand for.
CREATE TABLE embeddings (
  project_id TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE,
  hash TEXT NOT NULL,
  vector BYTEA NOT NULL,
  PRIMARY KEY (project_id, hash)
);

-- A scored proposal, and the decision that a person takes on it, once.
CREATE TABLE reviews (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE,
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  title TEXT NOT NULL,
  payload TEXT NOT NULL,
  version BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  created_by TEXT,
  decided_at BIGINT,
  decided_by TEXT,
  change_id TEXT
);
CREATE INDEX reviews_project ON reviews(project_id, kind, created_at, id);

CREATE TABLE uploads (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE,
  filename TEXT NOT NULL,
  size BIGINT NOT NULL,
  chunk_size BIGINT NOT NULL,
  sha256 TEXT,
  complete BIGINT NOT NULL DEFAULT 0,
  created_at BIGINT NOT NULL,
  created_by TEXT
);
CREATE INDEX uploads_project ON uploads(project_id, created_at);

CREATE TABLE upload_chunks (
  upload_id TEXT NOT NULL REFERENCES uploads(id) ON DELETE CASCADE,
  ordinal BIGINT NOT NULL,
  bytes BYTEA NOT NULL,
  PRIMARY KEY (upload_id, ordinal)
);

CREATE TABLE conversations (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE,
  person_id TEXT NOT NULL REFERENCES people(id) ON DELETE CASCADE,
  title TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE INDEX conversations_person ON conversations(project_id, person_id, updated_at, id);
CREATE INDEX conversations_person_fk ON conversations(person_id);

CREATE TABLE messages (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE,
  conversation_id TEXT NOT NULL REFERENCES conversations(id) ON DELETE CASCADE,
  author TEXT NOT NULL,
  mode TEXT NOT NULL,
  state TEXT NOT NULL,
  content TEXT NOT NULL,
  metadata TEXT,
  created_at BIGINT NOT NULL
);
CREATE INDEX messages_conversation ON messages(conversation_id, id);
CREATE INDEX messages_project ON messages(project_id);
CREATE INDEX messages_streaming ON messages(state) WHERE state = 'streaming';
