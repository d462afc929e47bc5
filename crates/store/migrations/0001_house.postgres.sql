-- A piece of an entity's text as recall finds it. `num` ties it to the text index, and stays when the file is compacted.
CREATE TABLE passages (
  num BIGINT PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  id TEXT NOT NULL UNIQUE,
  project_id TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE,
  entity_id TEXT NOT NULL REFERENCES entities(id) ON DELETE CASCADE,
  field TEXT NOT NULL,
  ordinal BIGINT NOT NULL,
  text TEXT NOT NULL,
  hash TEXT NOT NULL,
  -- The text index.
  words tsvector GENERATED ALWAYS AS (to_tsvector('english', text)) STORED
);
CREATE INDEX passages_entity ON passages(entity_id);
CREATE INDEX passages_hash ON passages(project_id, hash);

CREATE INDEX passages_words ON passages USING gin (words);
