-- One operation on a bucket, atomically. Reads and writes go through here, so that a bucket has one idea of what is in it.
--
-- KEYS: the values (a hash), the keys by the microsecond in which they were set (a sorted set), the keys by name (a sorted set), and the
-- bytes of keys and values together.
-- ARGV: the operation, the most bytes, the age in milliseconds or 0, now in microseconds or 0 for the server's time, the key, and what the
-- operation needs beside it.
-- The answer: a status (0 done, 1 lost, 2 not a number, 3 overflow), what was asked for, and what the bucket holds: bytes, keys, and how
-- many entries were given up.
local values, order, names, total = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local operation, max_bytes, max_age, now, key = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
-- Most entries given up at one time: a script holds up the whole server. What is left is given up by the next writes.
local AT_ONCE = 10000
-- The server forgets a bucket that nobody has set anything in for its age and this many milliseconds.
local SLACK = 60000

if now == 0 then
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000000 + tonumber(time[2])
end
-- What was set before this microsecond is gone.
local horizon = 0
if max_age > 0 then
  horizon = (math.floor(now / 1000) - max_age + 1) * 1000
end
local n_evicted = 0

local function used()
  return math.max(0, tonumber(redis.call('GET', total) or '0'))
end

local function is_fresh(it)
  local at = redis.call('ZSCORE', order, it)
  return at and tonumber(at) >= horizon
end

local function get(it)
  return is_fresh(it) and redis.call('HGET', values, it)
end

local function remove(it)
  if redis.call('ZREM', order, it) == 1 then
    redis.call('DECRBY', total, #it + redis.call('HSTRLEN', values, it))
    redis.call('HDEL', values, it)
    redis.call('ZREM', names, it)
  end
end

-- Gives up the oldest entries for as long as `is_to_go` says so of their time.
local function evict(is_to_go)
  while n_evicted < AT_ONCE do
    local oldest = redis.call('ZRANGE', order, 0, 0, 'WITHSCORES')
    if not oldest[1] then
      -- Also when somebody else has taken a part of the bucket away.
      redis.call('SET', total, 0)
      return
    end
    if not is_to_go(tonumber(oldest[2])) then
      return
    end
    remove(oldest[1])
    n_evicted = n_evicted + 1
  end
end

local function sweep()
  evict(function(at) return at < horizon end)
end

-- Before anything is written: a server without memory refuses this, and would not refuse a script that has written something already.
local function admit()
  redis.call('INCRBY', total, 0)
end

local function put(it, value)
  local size = #it + #value
  remove(it)
  evict(function() return used() + size > max_bytes end)
  -- Later than everything else, so that the order is that of the sets whatever the clock does.
  local latest = redis.call('ZRANGE', order, -1, -1, 'WITHSCORES')[2]
  local at = now
  if latest and tonumber(latest) >= at then
    at = tonumber(latest) + 1
  end
  redis.call('HSET', values, it, value)
  redis.call('ZADD', order, string.format('%.0f', at), it)
  redis.call('ZADD', names, 0, it)
  redis.call('INCRBY', total, size)
  for _, part in ipairs(KEYS) do
    if max_age > 0 then
      redis.call('PEXPIRE', part, string.format('%.0f', max_age + SLACK))
    else
      redis.call('PERSIST', part)
    end
  end
end

-- The sum of two numbers of eight bytes, the least first, in two's complement: Lua's own numbers have 53 bits. None when it has no place.
local function add(a, b)
  local sum, carry = {}, 0
  for i = 1, 8 do
    local digit = a:byte(i) + b:byte(i) + carry
    carry = digit > 255 and 1 or 0
    sum[i] = digit % 256
  end
  local a_negative, b_negative, negative = a:byte(8) > 127, b:byte(8) > 127, sum[8] > 127
  if a_negative == b_negative and negative ~= a_negative then
    return nil
  end
  return string.char(unpack(sum))
end

local function answer(status, what)
  return { status, what, used(), redis.call('ZCARD', order), n_evicted }
end

local operations = {}

function operations.get()
  return answer(0, get(key))
end

function operations.exists()
  return answer(0, is_fresh(key) and redis.call('HEXISTS', values, key) or 0)
end

function operations.set()
  admit()
  sweep()
  put(key, ARGV[6])
  return answer(0, false)
end

-- The new value, whether something was seen, and what.
function operations.swap()
  admit()
  sweep()
  local found, seen = get(key), ARGV[7] == '1' and ARGV[8]
  if found ~= seen then
    return answer(1, found)
  end
  put(key, ARGV[6])
  return answer(0, false)
end

function operations.increment()
  admit()
  sweep()
  local number = get(key) or string.rep('\0', 8)
  if #number ~= 8 then
    return answer(2, #number)
  end
  local sum = add(number, ARGV[6])
  if not sum then
    return answer(3, false)
  end
  put(key, sum)
  return answer(0, sum)
end

function operations.delete()
  sweep()
  remove(key)
  return answer(0, false)
end

-- The keys after one, or all after the empty one, and how many at most.
function operations.list()
  sweep()
  local limit, keys, from = tonumber(ARGV[6]), {}, '-'
  if key ~= '' then
    from = '(' .. key
  end
  while #keys < limit do
    local found = redis.call('ZRANGEBYLEX', names, from, '+', 'LIMIT', 0, limit)
    for _, it in ipairs(found) do
      if #keys < limit and is_fresh(it) then
        keys[#keys + 1] = it
      end
    end
    if #found < limit then
      break
    end
    from = '(' .. found[#found]
  end
  return answer(0, keys)
end

function operations.usage()
  return answer(0, false)
end

return operations[operation]()
