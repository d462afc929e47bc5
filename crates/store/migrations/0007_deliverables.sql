-- What departments make waits as a review, too. `line` says of what it is a version (department, agent and kind), `entity_id`
-- the record that it was saved as. `content` may be long, and is read only by those who look at one.
ALTER TABLE reviews ADD COLUMN run_id TEXT;
ALTER TABLE reviews ADD COLUMN step_id TEXT;
ALTER TABLE reviews ADD COLUMN line TEXT;
ALTER TABLE reviews ADD COLUMN score DOUBLE PRECISION;
ALTER TABLE reviews ADD COLUMN content TEXT;
ALTER TABLE reviews ADD COLUMN reasons TEXT;
ALTER TABLE reviews ADD COLUMN entity_id TEXT;
CREATE INDEX reviews_inbox ON reviews(project_id, created_at, id);
CREATE INDEX reviews_run ON reviews(run_id) WHERE run_id IS NOT NULL;
CREATE INDEX reviews_step ON reviews(step_id) WHERE step_id IS NOT NULL;
CREATE INDEX reviews_line ON reviews(project_id, line, decided_at) WHERE entity_id IS NOT NULL;
