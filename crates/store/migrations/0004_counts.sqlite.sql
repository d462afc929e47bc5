CREATE TRIGGER entities_in AFTER INSERT ON entities BEGIN
  INSERT INTO counts (project_id, collection, live, removed)
  VALUES (new.project_id, new.collection, new.removed_at IS NULL, new.removed_at IS NOT NULL)
  ON CONFLICT (project_id, collection)
  DO UPDATE SET live = counts.live + excluded.live, removed = counts.removed + excluded.removed;
END;
CREATE TRIGGER entities_moved AFTER UPDATE OF removed_at ON entities
WHEN (old.removed_at IS NULL) <> (new.removed_at IS NULL) BEGIN
  UPDATE counts SET live = live + (new.removed_at IS NULL) - (old.removed_at IS NULL),
    removed = removed + (old.removed_at IS NULL) - (new.removed_at IS NULL)
  WHERE project_id = new.project_id AND collection = new.collection;
END;
