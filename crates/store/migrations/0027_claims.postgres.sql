-- Steps that a server's own worker has, and whose claim is to be written with what comes of it: until then this tells the other
-- servers of it. Only who holds the row of the run writes here of its steps, so nothing has to be checked against that row.
CREATE TABLE claims (
  run_id TEXT NOT NULL,
  step_id TEXT NOT NULL,
  fence BIGINT NOT NULL,
  worker TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (run_id, step_id)
);

CREATE FUNCTION claims_go() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM claims WHERE run_id = OLD.id;
  RETURN NULL;
END $$;
CREATE TRIGGER claims_go AFTER DELETE ON runs FOR EACH ROW EXECUTE FUNCTION claims_go();
