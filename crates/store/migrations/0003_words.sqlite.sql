-- The text index holds each word with its project's mark before it (see `store::scoped`), so that a word of one project is
-- another word than that of the next: a search reads, and weighs, what is in its own project only.
DROP TRIGGER passages_in;
DROP TRIGGER passages_out;
DROP TABLE passages_fts;
CREATE VIRTUAL TABLE passages_fts USING fts5(
  text, content = '', contentless_delete = 1, tokenize = 'porter unicode61 remove_diacritics 2'
);
CREATE TRIGGER passages_in AFTER INSERT ON passages BEGIN
  INSERT INTO passages_fts(rowid, text) VALUES (new.num, scoped(new.project_id, new.text));
END;
CREATE TRIGGER passages_out AFTER DELETE ON passages BEGIN
  DELETE FROM passages_fts WHERE rowid = old.num;
END;
INSERT INTO passages_fts(rowid, text) SELECT num, scoped(project_id, text) FROM passages;
