"""The script that counts turns: Redis runs it without interruption."""

# Nothing comes between the look and the charge.
# 16-digit times are exact in Lua's doubles and in the 17 digits Redis prints of them.
SLIDING_WINDOW = """
-- KEYS: per charge, the list of times (in microseconds) at which turns were taken, oldest first.
-- ARGV[1]: per charge, the rule's count, its window in microseconds, the cost, and the number of
-- the call that it belongs to: a call's charges stand together, and are all made or none.
-- Answers, per charge: turns in the window, microseconds until it is empty and until it fits.
-- All numbers go as one text, either way: the client takes longer over each than Redis does.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local given, answer = {}, {}
for number in string.gmatch(ARGV[1], '%d+') do
  given[#given + 1] = number + 0
end

local function judge(first, past)
  local asked, waits, fits = {}, {}, true

  for i = first, past - 1 do
    local key = KEYS[i]
    local count, window, cost = given[4 * i - 3], given[4 * i - 2], given[4 * i - 1]

    -- If the clock was set back, turns of its former future would stay as long: they are of now.
    local last = -1
    local newest = redis.call('LINDEX', key, last)
    while newest and newest + 0 > now do
      redis.call('LSET', key, last, now)
      last = last - 1
      newest = redis.call('LINDEX', key, last)
    end

    local oldest = redis.call('LINDEX', key, 0)
    while oldest and oldest + 0 <= now - window do
      redis.call('LPOP', key)
      oldest = redis.call('LINDEX', key, 0)
    end

    local taken = redis.call('LLEN', key)
    asked[key] = (asked[key] or 0) + cost
    local leaving = taken + asked[key] - count
    if leaving <= 0 then
      waits[i] = 0
    else
      fits = false
      waits[i] = window
      if leaving <= taken then
        waits[i] = redis.call('LINDEX', key, leaving - 1) + window - now
      end
    end
  end

  for i = first, past - 1 do
    local key, window = KEYS[i], given[4 * i - 2]
    if fits then
      for _ = 1, given[4 * i - 1] do
        redis.call('RPUSH', key, now)
      end
      -- A second more than the last turn counts: Redis's own clock for this is coarser than ours.
      redis.call('PEXPIRE', key, window / 1000 + 1000)
    end
  end

  for i = first, past - 1 do
    local newest = redis.call('LINDEX', KEYS[i], -1)
    local empty_after = newest and newest + given[4 * i - 2] - now or 0
    local taken = redis.call('LLEN', KEYS[i])
    answer[i] = string.format('%.0f %.0f %.0f', taken, empty_after, waits[i])
  end
end

local first = 1
for i = 2, #KEYS + 1 do
  if i > #KEYS or given[4 * i] ~= given[4 * first] then
    judge(first, i)
    first = i
  end
end
return table.concat(answer, ' ')
"""
