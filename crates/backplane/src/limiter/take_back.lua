-- Takes back a call that passed, as if it had not been made: rule L11 of resilience/SPEC.md.
-- KEYS[1]: when the calls in the window passed, oldest first. ARGV[1]: when this one did.
redis.call('LREM', KEYS[1], -1, ARGV[1])
