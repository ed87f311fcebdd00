import { prelude } from './prelude.ts';
import { standingScripts } from './standing-scripts.ts';

/** What is done in Redis in one step each, as Lua. Time is Redis's own (TIME), so that nodes whose clocks differ agree on what
 * has expired. A key of a foreign type, or one grown absurd, is thrown away: it cannot be ours.
 *
 * | key | type | what |
 * |---|---|---|
 * | `graine:epoch` | string | drawn anew when Redis lost its data |
 * | `graine:nodes` | zset | node → its last heartbeat, ms |
 * | `graine:addresses` | hash | node → where its REST is, signed |
 * | `graine:node:<node>` | set | call sids of the node |
 * | `graine:call:<sid>` | hash | `account`, `node`, `started`: of every leg |
 * | `graine:calls:<account>` | hash | call sid → `<node> <started>`: of the first leg of each session |
 * | `graine:once:<hash>` | string | of an idempotency key of REST: the node that had it first |
 * | `graine:running:<name>` | hash | of an account or carrier with a limit: node → how many calls it has |
 * | `graine:starts:<name>` | zset | of the same: each call of the last second → when it began, ms |
 * | `graine:line:<name>` | hash | of a carrier with a limit: node → since when its first in line waits, and when it last said so, ms |
 * | `graine:bans` | stream | `node`, `address`, `ms`, `reason` |
 * | `graine:aor:<aor>` | hash | key of a binding (its contact, or which flow of which device) → `<deadline> <at> <device> <json>` |
 * | `graine:aors:<account>` | zset | AOR → when its last contact expires, ms |
 * | `graine:standing:<node>` | hash | session sid → `<tags> <sealed snapshot>` of the node's standing calls |
 * | `graine:tags:<node>` | hash | tag of a dialog → session sid |
 * | `graine:taken:<node>` | set | session sids that others took from the node |
 * | `graine:contacts` | zset | `<aor> <key>` → when it expires, ms |
 */
const aorKey = `local key = 'graine:aor:' .. ARGV[1]\n`;

/** A command that Redis comes to when its sender has given up (it hung meanwhile) must not undo what happened since. */
const inTime = (argument: number): string => `if now > tonumber(ARGV[${argument}]) then return 'late' end\n`;

/** aor, key, device, json, ms left, ms since it was made, 'replay' or 'now', limit of the AOR, limit of all, account,
 * Redis's time until which the sender waits. Answers 'kept', 'late', 'older' (the replay of what was replaced meanwhile),
 * 'aor' or 'total' (the limit that is reached). */
const bind = `${prelude}${inTime(11)}${aorKey}
local name, device, at = ARGV[2], ARGV[3], now - ARGV[6]
local function instance(word) return string.match(word, '^[^#]*') end
-- What 'replaces' of ports says.
local function same(other)
  if device == '-' or instance(device) ~= instance(other) then return false end
  return device == other or device == instance(device) or other == instance(other)
end
local all, gone, count, replaced, last = fields(key), {}, 0, 0, now + ARGV[5]
for i = 1, #all, 2 do
  local deadline, since, owner = parts(all[i + 1])
  if deadline == nil or deadline <= now then
    gone[#gone + 1] = all[i]
  elseif all[i] == name or same(owner) then
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
redis.call('HSET', key, name, text(deadline) .. ' ' .. text(at) .. ' ' .. device .. ' ' .. ARGV[4])
redis.call('PEXPIREAT', key, text(last))
redis.call('ZADD', 'graine:contacts', text(deadline), ARGV[1] .. ' ' .. name)
local aors = 'graine:aors:' .. ARGV[10]
call('ZREMRANGEBYSCORE', aors, '-inf', text(now))
redis.call('ZADD', aors, text(last), ARGV[1])
return 'kept'
`;

/** aor, key ('' for all), ms since it was asked for, 'replay' or 'now', Redis's time until which the sender waits.
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

/** aor. Answers Redis's time, then key and value in turn; what has expired is left out, what is not understood is not. */
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

/** aor, key: forgets what was not understood, unless somebody wrote sense there meanwhile. */
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

const forget = `
local function forget(sid, node)
  local key = 'graine:call:' .. sid
  local found = call('HMGET', key, 'account', 'node')
  if found[2] and found[2] ~= node then return end
  redis.call('DEL', key)
  if found[1] then call('HDEL', 'graine:calls:' .. found[1], sid) end
  if found[2] then call('SREM', 'graine:node:' .. found[2], sid) end
end
`;

/** Of each call its sid, account, node, when it started, and of a leg that is not the first of its session the sid of that,
 * else ''. Without an account: it is over, and forgotten unless another node has it now. */
const tellCalls = `${prelude}${forget}
local function put(sid, account, node, started, session)
  if call('SISMEMBER', 'graine:taken:' .. node, session ~= '' and session or sid) == 1 then return end
  call('HSET', 'graine:call:' .. sid, 'account', account, 'node', node, 'started', started)
  call('SADD', 'graine:node:' .. node, sid)
  if session ~= '' then return end
  call('HSET', 'graine:calls:' .. account, sid, node .. ' ' .. started)
end
for i = 1, #ARGV, 5 do
  if ARGV[i + 1] == '' then forget(ARGV[i], ARGV[i + 2])
  else put(ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4]) end
end
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

/** node, lease, a new epoch, its address ('' before it has one), and after how many ms a node that beats is late. Answers the
 * epoch in force, 'known' or 'new', the nodes that beat, those that no longer do, Redis's time, the addresses of the nodes that
 * beat, in their order, how many calls others took, of those that no longer beat the ones that did not resign, and of those
 * that are late name and last heartbeat in turn. */
const beat = `${prelude}
local epoch = call('GET', 'graine:epoch')
if not epoch then
  epoch = ARGV[3]
  redis.call('SET', 'graine:epoch', epoch)
end
local known = call('ZSCORE', 'graine:nodes', ARGV[1]) and 'known' or 'new'
redis.call('ZADD', 'graine:nodes', text(now), ARGV[1])
local dead = redis.call('ZRANGEBYSCORE', 'graine:nodes', '-inf', text(now - ARGV[2]), 'LIMIT', 0, 10)
if ARGV[4] ~= '' then call('HSET', 'graine:addresses', ARGV[1], ARGV[4]) end
local nodes = beating(tonumber(ARGV[2]))
return { epoch, known, nodes, dead, text(now), call('HMGET', 'graine:addresses', unpack(nodes)),
  call('SCARD', 'graine:taken:' .. ARGV[1]),
  redis.call('ZRANGEBYSCORE', 'graine:nodes', '(0', text(now - ARGV[2]), 'LIMIT', 0, 10),
  redis.call('ZRANGEBYSCORE', 'graine:nodes', '(' .. text(now - ARGV[2]), text(now - (ARGV[5] or ARGV[2])), 'WITHSCORES', 'LIMIT', 0, 10) }
`;

/** lease. Answers the nodes that beat, and their addresses in the same order. For who is no node himself. */
const roster = `${prelude}
local nodes = beating(tonumber(ARGV[1]))
if #nodes == 0 then return { nodes, {} } end
return { nodes, call('HMGET', 'graine:addresses', unpack(nodes)) }
`;

/** Calls of a name at other nodes that beat, and when those of the last second began. */
const usage = `
local function usage(name, node, lease)
  local running, starts = 'graine:running:' .. name, 'graine:starts:' .. name
  local all, others = fields(running), 0
  for i = 1, #all, 2 do
    if all[i] ~= node then
      local beat = call('ZSCORE', 'graine:nodes', all[i])
      if beat and tonumber(beat) > now - lease then others = others + (tonumber(all[i + 1]) or 0)
      else redis.call('HDEL', running, all[i]) end
    end
  end
  call('ZREMRANGEBYSCORE', starts, '-inf', text(now - 1000))
  return others, redis.call('ZCARD', starts)
end
local function hold(name, node, count)
  local key = 'graine:running:' .. name
  if count == 0 then return call('HDEL', key, node) end
  call('HSET', key, node, count)
  redis.call('PEXPIRE', key, 60000)
end
`;

/** Who waits at which node, first come first served; who came within 300 ms of another counts as come with it, so that a line
 * that stands at several nodes moves as fast as one. An entry that was not said anew for two seconds is nobody's. */
const line = `
local function stand(name, node, waited)
  local key = 'graine:line:' .. name
  if waited == '' or waited == nil then return call('HDEL', key, node) end
  call('HSET', key, node, text(now - waited) .. ' ' .. text(now))
  redis.call('PEXPIRE', key, 10000)
end
local function longer(name, node, waited, lease)
  local key = 'graine:line:' .. name
  local all, found = fields(key), false
  for i = 1, #all, 2 do
    if all[i] ~= node then
      local since, said = string.match(all[i + 1], '^(%d+) (%d+)$')
      local beat = call('ZSCORE', 'graine:nodes', all[i])
      if not said or tonumber(said) < now - 2000 or not beat or tonumber(beat) <= now - lease then
        redis.call('HDEL', key, all[i])
      elseif tonumber(since) < now - waited - 300 then found = true end
    end
  end
  return found
end
`;

/** name, node, lease, calls of this node, max_calls and max_cps ('' for none), 'ask' or 'tell', a number of its own, how long
 * the first in line here has waited and the one behind it ('' for none). Answers 'yes', 'calls', 'cps' or 'line', the calls of other nodes, the starts of the last second, and ms until the next may begin. */
const take = `${prelude}${usage}${line}
local name, node, mine, calls, cps = ARGV[1], ARGV[2], tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local others, starts = usage(name, node, tonumber(ARGV[3]))
local verdict = 'yes'
if ARGV[7] == 'ask' then
  if calls and others + mine >= calls then verdict = 'calls' elseif cps and starts >= cps then verdict = 'cps' end
  if ARGV[9] ~= '' then
    if verdict == 'yes' and longer(name, node, ARGV[9], tonumber(ARGV[3])) then verdict = 'line' end
    stand(name, node, verdict == 'yes' and ARGV[10] or ARGV[9])
  end
end
local key = 'graine:starts:' .. name
if verdict == 'yes' then
  if calls then hold(name, node, mine + 1) end
  if cps then
    redis.call('ZADD', key, text(now), node .. ' ' .. ARGV[8])
    redis.call('PEXPIRE', key, 2000)
    starts = starts + 1
  end
end
local wait = 0
if cps and starts >= cps then
  local at = redis.call('ZRANGE', key, starts - cps, starts - cps, 'WITHSCORES')
  if at[2] then wait = tonumber(at[2]) + 1000 - now end
end
return { verdict, text(others), text(starts), text(math.max(wait, 0)) }
`;

/** node, lease, then name, its calls and how long its first in line has waited in turn. Answers for each the calls of others and the starts of the last second. */
const hold = `${prelude}${usage}${line}
local found = {}
for i = 3, #ARGV, 3 do
  hold(ARGV[i], ARGV[1], tonumber(ARGV[i + 1]))
  stand(ARGV[i], ARGV[1], ARGV[i + 2])
  local others, starts = usage(ARGV[i], ARGV[1], tonumber(ARGV[2]))
  found[#found + 1] = text(others)
  found[#found + 1] = text(starts)
end
return found
`;

/** what, node, lease: the node that said first that it does this; one that is gone has said nothing. Kept for a day. */
const claim = `${prelude}
local key = 'graine:once:' .. ARGV[1]
local holder = call('GET', key)
local beat = holder and call('ZSCORE', 'graine:nodes', holder)
if beat and tonumber(beat) > now - ARGV[3] then return holder end
redis.call('SET', key, ARGV[2], 'EX', 86400)
return ARGV[2]
`;

/** node, lease: forgets some calls of a node that no longer beats, and the node with the last. Answers how many are left.
 * Its standing calls are carried on first. */
const bury = `${prelude}${forget}
local beat = call('ZSCORE', 'graine:nodes', ARGV[1])
if beat and tonumber(beat) > now - ARGV[2] then return 0 end
if redis.call('EXISTS', 'graine:standing:' .. ARGV[1]) == 1 then return 0 end
redis.call('DEL', 'graine:tags:' .. ARGV[1])
local key = 'graine:node:' .. ARGV[1]
call('SCARD', key)
for _, sid in ipairs(redis.call('SRANDMEMBER', key, 200)) do
  forget(sid, ARGV[1])
  redis.call('SREM', key, sid)
end
local left = redis.call('SCARD', key)
if left == 0 then
  redis.call('ZREM', 'graine:nodes', ARGV[1])
  call('HDEL', 'graine:addresses', ARGV[1])
end
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
  ...standingScripts,
  ban,
  bans,
  bind,
  unbind,
  bindings,
  discard,
  aors,
  registered,
  tellCalls,
  calls,
  findCall,
  beat,
  roster,
  claim,
  take,
  hold,
  bury,
} as const;

export type ScriptName = keyof typeof scripts;
