-- Ends a lease, if it is still held. KEYS[1]: the fence of whoever holds it. ARGV: the fence of who asks.
-- Gives: 1 if it was ended.
if redis.call('GET', KEYS[1]) == ARGV[1] then
  return redis.call('DEL', KEYS[1])
end
return 0
