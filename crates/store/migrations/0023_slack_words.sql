-- What Slack has told and nobody has heeded yet: `word` is it, as JSON, until it was heeded. `server` is who is at it, or was told it;
-- from `free_at` on it is anybody's. `tries` counts how often it was begun.
ALTER TABLE slack_seen ADD COLUMN word TEXT;
ALTER TABLE slack_seen ADD COLUMN server TEXT;
ALTER TABLE slack_seen ADD COLUMN free_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE slack_seen ADD COLUMN tries BIGINT NOT NULL DEFAULT 0;
CREATE INDEX slack_seen_waiting ON slack_seen(at) WHERE word IS NOT NULL;
