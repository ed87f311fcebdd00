/** What is done in Redis in one step each, as Lua. Time is Redis's own (TIME), so that nodes whose clocks differ agree on what
 * has expired. A key of a foreign type, or one grown absurd, is thrown away: it cannot be ours.
 *
 * | key | type | what |
 * |---|---|---|
 * | `graine:epoch` | string | drawn anew when Redis lost its data |
 * | `graine:nodes` | zset | node → its last heartbeat, ms |
 * | `graine:node:<node>` | set | call sids of the node |
 * | `graine:call:<sid>` | hash | `account`, `node`, `started` |
 * | `graine:calls:<account>` | hash | call sid → `<node> <started>` |
 * | `graine:busy` | zset | account → how many calls it has |
 * | `graine:bans` | stream | `node`, `address`, `ms`, `reason` |
 * | `graine:aor:<aor>` | hash | contact → `<deadline> <at> <instance> <json>` |
 * | `graine:aors:<account>` | zset | AOR → when its last contact expires, ms |
 * | `graine:contacts` | zset | `<aor> <contact>` → when it expires, ms |
 */
const prelude = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local function text(number) return string.format('%.0f', number) end
local function call(command, key, ...)
  local got = redis.pcall(command, key, ...)
  if type(got) ~= 'table' or not got.err then return got end
  if not string.find(got.err, 'WRONGTYPE', 1, true) then error(got.err) end
  redis.call('DEL', key)
  return redis.call(command, key, ...)
end
local function fields(key)
  if call('HLEN', key) > 1000 then redis.call('DEL', key) end
  return redis.call('HGETALL', key)
end
local function parts(value)
  local deadline, at, instance = string.match(value, '^(%d+) (%-?%d+) (%S+) {')
  return tonumber(deadline), tonumber(at), instance
end
local function beating(lease)
  return call('ZRANGEBYSCORE', 'graine:nodes', '(' .. text(now - lease), '+inf', 'LIMIT', 0, 1000)
end
`;

const aorKey = `local key = 'graine:aor:' .. ARGV[1]\n`;

/** A command that Redis comes to when its sender has given up (it hung meanwhile) must not undo what happened since. */
const inTime = (argument: number): string => `if now > tonumber(ARGV[${argument}]) then return 'late' end\n`;

/** aor, contact, instance, json, ms left, ms since it was made, 'replay' or 'now', limit of the AOR, limit of all, account,
 * Redis's time until which the sender waits. Answers 'kept', 'late', 'older' (the replay of what was replaced meanwhile),
 * 'aor' or 'total' (the limit that is reached). */
const bind = `${prelude}${inTime(11)}${aorKey}
local contact, instance, at = ARGV[2], ARGV[3], now - ARGV[6]
local all, gone, count, replaced, last = fields(key), {}, 0, 0, now + ARGV[5]
for i = 1, #all, 2 do
  local deadline, since, owner = parts(all[i + 1])
  if deadline == nil or deadline <= now then
    gone[#gone + 1] = all[i]
  elseif all[i] == contact or (owner == instance and instance ~= '-') then
    if ARGV[7] == 'replay' and since > at then return 'older' end
    gone[#gone + 1] = all[i]
    replaced = replaced + 1
  else
    count = count + 1
    last = math.max(last, deadline)
  end
end
call('ZREMRANGEBYSCORE', 'graine:contacts', '-inf', text(now))
if count >= tonumber(ARGV[8]) then return 'aor' end
if call('ZCARD', 'graine:contacts') - replaced >= tonumber(ARGV[9]) then return 'total' end
for _, each in ipairs(gone) do
  redis.call('HDEL', key, each)
  redis.call('ZREM', 'graine:contacts', ARGV[1] .. ' ' .. each)
end
local deadline = now + ARGV[5]
redis.call('HSET', key, contact, text(deadline) .. ' ' .. text(at) .. ' ' .. instance .. ' ' .. ARGV[4])
redis.call('PEXPIREAT', key, text(last))
redis.call('ZADD', 'graine:contacts', text(deadline), ARGV[1] .. ' ' .. contact)
local aors = 'graine:aors:' .. ARGV[10]
call('ZREMRANGEBYSCORE', aors, '-inf', text(now))
redis.call('ZADD', aors, text(last), ARGV[1])
return 'kept'
`;

/** aor, contact ('' for all), ms since it was asked for, 'replay' or 'now', Redis's time until which the sender waits.
 * Answers 'kept' or 'late'. */
const unbind = `${prelude}${inTime(5)}${aorKey}
local all = fields(key)
for i = 1, #all, 2 do
  local _, at = parts(all[i + 1])
  local newer = ARGV[4] == 'replay' and at ~= nil and at > now - ARGV[3]
  if (ARGV[2] == '' or ARGV[2] == all[i]) and not newer then
    redis.call('HDEL', key, all[i])
    call('ZREM', 'graine:contacts', ARGV[1] .. ' ' .. all[i])
  end
end
return 'kept'
`;

/** aor. Answers Redis's time, then contact and value in turn; what has expired is left out, what is not understood is not. */
const bindings = `${prelude}${aorKey}
local all, found = fields(key), { text(now) }
for i = 1, #all, 2 do
  local deadline = parts(all[i + 1])
  if deadline == nil or deadline > now then
    found[#found + 1] = all[i]
    found[#found + 1] = string.sub(all[i + 1], 1, 16384)
  end
end
return found
`;

/** aor, contact: forgets what was not understood, unless somebody wrote sense there meanwhile. */
const discard = `${prelude}${aorKey}
local value = call('HGET', key, ARGV[2])
if value and string.sub(value, 1, 16384) == ARGV[3] then
  redis.call('HDEL', key, ARGV[2])
  call('ZREM', 'graine:contacts', ARGV[1] .. ' ' .. ARGV[2])
end
return 'kept'
`;

/** account, after how many, at most how many: its addresses of record. */
const aors = `${prelude}
return call('ZRANGEBYSCORE', 'graine:aors:' .. ARGV[1], '(' .. text(now), '+inf', 'LIMIT', ARGV[2], ARGV[3])
`;

const registered = `${prelude}
return call('ZCOUNT', 'graine:contacts', '(' .. text(now), '+inf')
`;

const count = `
local function count(account)
  local running = call('HLEN', 'graine:calls:' .. account)
  if running == 0 then call('ZREM', 'graine:busy', account) else call('ZADD', 'graine:busy', running, account) end
end
`;

/** call sid, account, node, started. */
const putCall = `${prelude}${count}
local key = 'graine:call:' .. ARGV[1]
call('HSET', key, 'account', ARGV[2], 'node', ARGV[3], 'started', ARGV[4])
call('HSET', 'graine:calls:' .. ARGV[2], ARGV[1], ARGV[3] .. ' ' .. ARGV[4])
call('SADD', 'graine:node:' .. ARGV[3], ARGV[1])
count(ARGV[2])
return 'kept'
`;

const forget = `${count}
local function forget(sid)
  local key = 'graine:call:' .. sid
  local found = call('HMGET', key, 'account', 'node')
  redis.call('DEL', key)
  if found[1] then
    call('HDEL', 'graine:calls:' .. found[1], sid)
    count(found[1])
  end
  if found[2] then call('SREM', 'graine:node:' .. found[2], sid) end
end
`;

/** call sid. */
const removeCall = `${prelude}${forget}
forget(ARGV[1])
return 'kept'
`;

/** account, cursor, lease. Answers the next cursor, the nodes that beat, then sid and value in turn. */
const calls = `${prelude}
local key = 'graine:calls:' .. ARGV[1]
call('HLEN', key)
local page = redis.call('HSCAN', key, ARGV[2], 'COUNT', 500)
return { page[1], beating(tonumber(ARGV[3])), page[2] }
`;

/** call sid, lease. Answers account, node and start, or nothing when its node is gone. */
const findCall = `${prelude}
local found = call('HMGET', 'graine:call:' .. ARGV[1], 'account', 'node', 'started')
local beat = found[2] and call('ZSCORE', 'graine:nodes', found[2])
if not beat or tonumber(beat) <= now - ARGV[2] then return {} end
return found
`;

/** node, lease, a new epoch. Answers the epoch in force, 'known' or 'new', the nodes that beat, those that no
 * longer do, Redis's time, and the busiest accounts, each followed by the number of its calls. */
const beat = `${prelude}
local epoch = call('GET', 'graine:epoch')
if not epoch then
  epoch = ARGV[3]
  redis.call('SET', 'graine:epoch', epoch)
end
local known = call('ZSCORE', 'graine:nodes', ARGV[1]) and 'known' or 'new'
redis.call('ZADD', 'graine:nodes', text(now), ARGV[1])
local dead = redis.call('ZRANGEBYSCORE', 'graine:nodes', '-inf', text(now - ARGV[2]), 'LIMIT', 0, 10)
return { epoch, known, beating(tonumber(ARGV[2])), dead, text(now), call('ZREVRANGE', 'graine:busy', 0, 4999, 'WITHSCORES') }
`;

/** node, lease: forgets some calls of a node that no longer beats, and the node with the last. Answers how many are left. */
const bury = `${prelude}${forget}
local beat = call('ZSCORE', 'graine:nodes', ARGV[1])
if beat and tonumber(beat) > now - ARGV[2] then return 0 end
local key = 'graine:node:' .. ARGV[1]
call('SCARD', key)
for _, sid in ipairs(redis.call('SRANDMEMBER', key, 200)) do
  forget(sid)
  redis.call('SREM', key, sid)
end
local left = redis.call('SCARD', key)
if left == 0 then redis.call('ZREM', 'graine:nodes', ARGV[1]) end
return left
`;

/** node, address, ms, reason. */
const ban = `${prelude}
local values = { 'node', ARGV[1], 'address', ARGV[2], 'ms', ARGV[3], 'reason', ARGV[4] }
call('XADD', 'graine:bans', 'MAXLEN', '~', 10000, '*', unpack(values))
return 'kept'
`;

/** The last entry that was read. Answers Redis's time and the entries after it. */
const bans = `${prelude}
return { text(now), call('XRANGE', 'graine:bans', '(' .. ARGV[1], '+', 'COUNT', 1000) }
`;

export const scripts = {
  ban,
  bans,
  bind,
  unbind,
  bindings,
  discard,
  aors,
  registered,
  putCall,
  removeCall,
  calls,
  findCall,
  beat,
  bury,
} as const;

export type ScriptName = keyof typeof scripts;
