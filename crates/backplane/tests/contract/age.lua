-- Makes all KEYS older by ARGV[1] milliseconds: what ends, ends that much earlier, and times in lists are put back.
local millis = tonumber(ARGV[1])
for _, key in ipairs(KEYS) do
  local left = redis.call('PTTL', key)
  if redis.call('TYPE', key).ok == 'list' then
    for place, at in ipairs(redis.call('LRANGE', key, 0, -1)) do
      redis.call('LSET', key, place - 1, string.format('%.0f', at - millis))
    end
  end
  if left >= 0 then redis.call('PEXPIRE', key, left - millis) end
end
