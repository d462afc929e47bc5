-- How many records a collection has, live and in the bin, so that no page of a list counts them. Triggers keep it, so that no
-- write goes past it. A record is deleted only with its project, and then so is its count.
CREATE TABLE counts (
  project_id TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE,
  collection TEXT NOT NULL,
  live BIGINT NOT NULL,
  removed BIGINT NOT NULL,
  PRIMARY KEY (project_id, collection)
);
INSERT INTO counts (project_id, collection, live, removed)
SELECT project_id, collection, COUNT(*) - COUNT(removed_at), COUNT(removed_at) FROM entities
GROUP BY project_id, collection;
