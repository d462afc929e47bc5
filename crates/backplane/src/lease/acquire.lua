-- Leases a name, unless it is leased.
-- KEYS[1]: the fence of whoever holds it. KEYS[2]: the latest fence of all. ARGV: its time in milliseconds.
-- Gives: the fence, or nothing.
if redis.call('EXISTS', KEYS[1]) == 1 then
  return false
end
-- By time, so that it also grows when KEYS[2] was lost. In microseconds it is exact as a double until the year 2255.
local time = redis.call('TIME')
local latest = tonumber(redis.call('GET', KEYS[2]) or 0)
local fence = string.format('%.0f', math.max(latest + 1, time[1] * 1000000 + time[2]))
redis.call('SET', KEYS[2], fence)
redis.call('SET', KEYS[1], fence, 'PX', ARGV[1])
return fence
