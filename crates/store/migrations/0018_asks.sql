-- What coding agents on runners asked people, while they had a lease: it goes on meanwhile. The first answer counts; one without an
-- option says that there is none. An ask whose lease is over is asked no more, whatever stands here.
CREATE TABLE asks (
  step_id TEXT NOT NULL,
  fence BIGINT NOT NULL,
  ask_id BIGINT NOT NULL,
  project_id TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE,
  title TEXT NOT NULL,
  detail TEXT NOT NULL,
  options TEXT NOT NULL,
  asked_at BIGINT NOT NULL,
  answered_at BIGINT,
  answered_by TEXT REFERENCES people(id) ON DELETE SET NULL,
  answer TEXT,
  PRIMARY KEY (step_id, fence, ask_id),
  FOREIGN KEY (step_id, fence) REFERENCES executions(step_id, fence) ON DELETE CASCADE
);
CREATE INDEX asks_project ON asks(project_id, asked_at);
CREATE INDEX asks_person ON asks(answered_by);
