-- Decides on a call and counts it if it passes: the rules L1 to L6 and L9 of resilience/SPEC.md.
-- KEYS[1]: when the calls in the window passed, oldest first, in milliseconds of this server's clock.
-- ARGV: calls that pass in a window; its length in milliseconds.
-- Gives: 1 if it passes; how many more would; milliseconds until the oldest call leaves the window; when it passed.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local calls, limit, window = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
local text = string.format('%.0f', now)

local latest = redis.call('LINDEX', calls, -1)
if latest and tonumber(latest) > now then
  -- The clock was set back: what lies in the future is taken as happening now.
  for place, at in ipairs(redis.call('LRANGE', calls, 0, -1)) do
    if tonumber(at) > now then redis.call('LSET', calls, place - 1, text) end
  end
  redis.call('PEXPIRE', calls, window)
end

local oldest = redis.call('LINDEX', calls, 0)
while oldest and oldest + window <= now do
  redis.call('LPOP', calls)
  oldest = redis.call('LINDEX', calls, 0)
end

local passed = redis.call('LLEN', calls)
local wait = (oldest or now) + window - now
if passed >= limit then
  return {0, 0, wait, text}
end
redis.call('RPUSH', calls, text)
redis.call('PEXPIRE', calls, window)
return {1, limit - passed - 1, wait, text}
