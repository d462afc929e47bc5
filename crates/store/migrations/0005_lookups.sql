-- A passage bears its record's collection, so that a search reads no record to know it; and says whether it waits for its
-- vector, so that nobody joins all passages to know which do.
ALTER TABLE passages ADD COLUMN collection TEXT NOT NULL DEFAULT '';
ALTER TABLE passages ADD COLUMN waiting BIGINT NOT NULL DEFAULT 1;
UPDATE passages SET collection = (SELECT e.collection FROM entities e WHERE e.id = passages.entity_id),
  waiting = CASE WHEN EXISTS (
    SELECT 1 FROM embeddings e WHERE e.project_id = passages.project_id AND e.hash = passages.hash
  ) THEN 0 ELSE 1 END;
CREATE INDEX passages_waiting ON passages(project_id, hash, collection) WHERE waiting = 1;

-- Whether two records are related already is looked up by both of them: who is in thousands of scenes has thousands of facts.
DROP INDEX facts_subject;
CREATE INDEX facts_subject ON facts(project_id, subject_id, object_id) WHERE valid_to IS NULL;
