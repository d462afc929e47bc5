-- The first message of the Slack thread that a run is told of in. A run that goes on with another is told of in the same thread, by a
-- message of its own.
ALTER TABLE slack_threads ADD COLUMN root TEXT NOT NULL DEFAULT '';
UPDATE slack_threads SET root = thread;
CREATE INDEX slack_threads_root ON slack_threads(team, channel, root);
