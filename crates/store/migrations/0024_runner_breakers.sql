-- How a runner's breaker stands, as JSON: noted by the server that it is connected to, told by all of them.
ALTER TABLE runners ADD COLUMN breaker TEXT;
DELETE FROM settings WHERE name = 'fleet.breakers';
