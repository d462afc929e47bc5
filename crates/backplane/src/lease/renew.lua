-- Begins a lease's time anew, if it is still held. KEYS[1]: the fence of whoever holds it.
-- ARGV: the fence of who asks; the time in milliseconds. Gives: 1 if it is renewed.
if redis.call('GET', KEYS[1]) == ARGV[1] then
  return redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return 0
