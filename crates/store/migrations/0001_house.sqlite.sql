-- A piece of an entity's text as recall finds it. `num` ties it to the text index, and stays when the file is compacted.
CREATE TABLE passages (
  num INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  project_id TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE,
  entity_id TEXT NOT NULL REFERENCES entities(id) ON DELETE CASCADE,
  field TEXT NOT NULL,
  ordinal BIGINT NOT NULL,
  text TEXT NOT NULL,
  hash TEXT NOT NULL
);
CREATE INDEX passages_entity ON passages(entity_id);
CREATE INDEX passages_hash ON passages(project_id, hash);

-- The text index. `scope` is the project, so that the search never leaves it; the words themselves stay in `passages`.
CREATE VIRTUAL TABLE passages_fts USING fts5(
  scope, text, content = '', contentless_delete = 1, tokenize = 'porter unicode61 remove_diacritics 2'
);
CREATE TRIGGER passages_in AFTER INSERT ON passages BEGIN
  INSERT INTO passages_fts(rowid, scope, text) VALUES (new.num, substr(new.project_id, 5), new.text);
END;
CREATE TRIGGER passages_out AFTER DELETE ON passages BEGIN
  DELETE FROM passages_fts WHERE rowid = old.num;
END;
