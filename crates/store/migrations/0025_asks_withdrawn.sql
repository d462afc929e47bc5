-- When an agent withdrew what it had asked, before anybody answered it.
ALTER TABLE asks ADD COLUMN withdrawn_at BIGINT;
