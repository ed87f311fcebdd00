/** What every script begins with. */
export const prelude = `
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
