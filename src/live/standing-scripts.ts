/** Standing calls in Redis, one step each, as Lua. A call is in the hash of one node alone, which owns it; who takes it from a
 * node that does not beat moves it to its own, and leaves word in `graine:taken:<node>`, so that the other, should it not be
 * dead, can neither write it again nor drop it. Keys: scripts.ts. */
import { prelude } from './prelude.ts';

const keys = `
local function standing(node) return 'graine:standing:' .. node end
local function index(node) return 'graine:tags:' .. node end
local function taken(node) return 'graine:taken:' .. node end
local function each(value) return string.gmatch(string.match(value or '', '^(%S*) ') or '', '[^,]+') end
local function unlist(node, value)
  for tag in each(value) do redis.call('HDEL', index(node), tag) end
end
local function list(node, sid, value)
  for tag in each(value) do call('HSET', index(node), tag, sid) end
end
`;

/** node, then for each call its session sid and `<tags> <sealed snapshot>`, or '' where it is over. Answers the sids that
 * others have taken. */
const keepStanding = `${prelude}${keys}
local node, lost = ARGV[1], {}
for i = 2, #ARGV, 2 do
  local sid, value = ARGV[i], ARGV[i + 1]
  if call('SISMEMBER', taken(node), sid) == 1 then
    lost[#lost + 1] = sid
  else
    unlist(node, call('HGET', standing(node), sid))
    if value == '' then
      redis.call('HDEL', standing(node), sid)
    else
      redis.call('HSET', standing(node), sid, value)
      list(node, sid, value)
    end
  end
end
return lost
`;

const move = `
local function move(from, to, sid, value)
  redis.call('HDEL', standing(from), sid)
  unlist(from, value)
  call('SADD', taken(from), sid)
  redis.call('EXPIRE', taken(from), 86400)
  call('SREM', taken(to), sid)
  call('HSET', standing(to), sid, value)
  list(to, sid, value)
end
local function beats(node, lease)
  local at = call('ZSCORE', 'graine:nodes', node)
  return at and tonumber(at) > now - lease
end
`;

/** The node that is gone, this one, lease, how many at most. Answers sid and value in turn: none where it beats again. */
const claimStanding = `${prelude}${keys}${move}
local lease = tonumber(ARGV[3])
if beats(ARGV[1], lease) or not beats(ARGV[2], lease) then return {} end
local found = call('HRANDFIELD', standing(ARGV[1]), ARGV[4], 'WITHVALUES')
for i = 1, #found, 2 do move(ARGV[1], ARGV[2], found[i], found[i + 1]) end
return found
`;

/** A tag of ours, this node, lease. Answers 'unknown', 'elsewhere' with the node, 'here', or 'claimed' with sid and value. */
const findStanding = `${prelude}${keys}${move}
for _, node in ipairs(call('ZRANGE', 'graine:nodes', 0, 999)) do
  local sid = call('HGET', index(node), ARGV[1])
  local value = sid and call('HGET', standing(node), sid)
  if value then
    if node == ARGV[2] then return { 'here' } end
    if beats(node, tonumber(ARGV[3])) then return { 'elsewhere', node } end
    move(node, ARGV[2], sid, value)
    return { 'claimed', sid, value }
  end
end
return { 'unknown' }
`;

/** node. Answers the sids that others have taken. */
const takenStanding = `${prelude}${keys}
call('SCARD', taken(ARGV[1]))
return redis.call('SMEMBERS', taken(ARGV[1]))
`;

/** node, sids: it knows, and has let go of them. */
const partedStanding = `${prelude}${keys}
for i = 2, #ARGV do call('SREM', taken(ARGV[1]), ARGV[i]) end
return 'kept'
`;

/** node: it beats no more. */
const resign = `${prelude}
call('ZADD', 'graine:nodes', 0, ARGV[1])
return 'kept'
`;

/** node. Answers how many of its calls nobody has taken yet. */
const leftStanding = `${prelude}${keys}
return call('HLEN', standing(ARGV[1]))
`;

/** node. Answers the sids of all that it owns. */
const ownStanding = `${prelude}${keys}
call('HLEN', standing(ARGV[1]))
return redis.call('HKEYS', standing(ARGV[1]))
`;

/** node, sids. Answers sid and value in turn of those it owns. */
const readStanding = `${prelude}${keys}
local found = {}
for i = 2, #ARGV do
  local value = call('HGET', standing(ARGV[1]), ARGV[i])
  if value then
    found[#found + 1] = ARGV[i]
    found[#found + 1] = value
  end
end
return found
`;

export const standingScripts = {
  keepStanding,
  claimStanding,
  findStanding,
  takenStanding,
  partedStanding,
  resign,
  leftStanding,
  ownStanding,
  readStanding,
} as const;
