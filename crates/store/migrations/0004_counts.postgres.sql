CREATE FUNCTION count_new() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO counts AS c (project_id, collection, live, removed)
  SELECT project_id, collection, COUNT(*) - COUNT(removed_at), COUNT(removed_at) FROM added
  GROUP BY project_id, collection
  ON CONFLICT (project_id, collection)
  DO UPDATE SET live = c.live + excluded.live, removed = c.removed + excluded.removed;
  RETURN NULL;
END $$;
CREATE TRIGGER entities_in AFTER INSERT ON entities REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION count_new();

CREATE FUNCTION count_moved() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  UPDATE counts SET live = live + CASE WHEN NEW.removed_at IS NULL THEN 1 ELSE -1 END,
    removed = removed + CASE WHEN NEW.removed_at IS NULL THEN -1 ELSE 1 END
  WHERE project_id = NEW.project_id AND collection = NEW.collection;
  RETURN NULL;
END $$;
CREATE TRIGGER entities_moved AFTER UPDATE OF removed_at ON entities
  FOR EACH ROW WHEN ((OLD.removed_at IS NULL) <> (NEW.removed_at IS NULL)) EXECUTE FUNCTION count_moved();
