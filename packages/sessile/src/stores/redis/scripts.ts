// Everything that Redis does in one atomic step. Each script touches one key, so that it runs on Cluster as it is.
//
// A user's index is a sorted set. A member is one letter for its state, and a sid:
//
//   c  confirmed  the session has begun; the score is its `createdAt`
//   p  pending    a `create` is under way; the score is when it began, by Redis' clock
//   r  revoked    its record is being deleted; the score is -1, so that marks come first
//
// The order of members is left to the sorted set: Lua compares strings by the locale of the server. A member is added
// before the one that it replaces is removed: a key that is empty in between is gone, and so is its deadline.

import { script } from "./link.ts";

/**
 * Redis drops a record this long after its deadline by the application's clock. Redis' own clock is a backstop, not the
 * authority, so this is also how far the clocks of all machines may differ (requirement E8).
 */
export const CLOCK_MARGIN = 60_000;

/** Most members that one reply gives and one command removes. */
export const CHUNK = 1000;

/** A `create` that takes longer than this may lose its place. */
const PENDING_TIMEOUT = 60_000;
/** From this number of members on, each `create` looks for members that are left over. */
const MANY = 32;
/** Each `create` adds one member and finds this number: so at most one in four is left over, in the long run. */
const LOOKED_AT = 4;

/**
 * ARGV: the value, its deadline. Writes it where there is none. `dropped`: Redis took it and removed it at once, since
 * by its own clock the deadline has passed.
 */
export const INSERT = script(`
if not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PXAT', ARGV[2]) then return 'taken' end
return redis.call('EXISTS', KEYS[1]) == 1 and 'inserted' or 'dropped'
`);

/**
 * ARGV: how the value must begin, the new value, its deadline. A value that was cut off is left alone, and so is one of
 * another type, which is answered as a text that no record has. Sent twice, it finds its own value the second time and
 * changes nothing.
 */
export const REPLACE = script(`
local current = redis.pcall('GET', KEYS[1])
if not current then return {'absent'} end
if type(current) == 'table' then return {'changed', ''} end
local isSame = string.sub(current, 1, string.len(ARGV[1])) == ARGV[1] and string.sub(current, -1) == '}'
if not isSame then return {'changed', current} end
redis.call('SET', KEYS[1], ARGV[2], 'PXAT', ARGV[3])
return {redis.call('EXISTS', KEYS[1]) == 1 and 'written' or 'dropped'}
`);

/**
 * Touches several sessions of one server: the one script with several keys. KEYS: the sessions, then the indexes of
 * users. ARGV: words, five for each session: the stamp that its value must begin with, the new one, `lastSeenAt`,
 * `expiresAt`, and 1 where an index has to name it. Answers 1 for each session that it has written, then 1 for each
 * index that names its session. One that is over by Redis' clock is left alone. Session data is neither sent nor looked
 * at, and text in a header has no bare quotation marks that could be taken for its fields.
 */
export const TOUCH = script(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local written, named, count = {}, {}, 0
for _ in string.gmatch(ARGV[1], '%S+ %S+ %d+ %d+ %d') do count = count + 1 end
for before, after, seen, expires, looks in string.gmatch(ARGV[1], '(%S+) (%S+) (%d+) (%d+) (%d)') do
  local at = #written + 1
  local current, length = redis.pcall('GET', KEYS[at]), string.len(before)
  written[at] = 0
  if type(current) == 'string' and string.sub(current, 1, length) == before and string.sub(current, -1) == '}' then
    local fields = '"lastSeenAt":' .. seen .. ',"expiresAt":' .. expires
    local body, found = string.gsub(string.sub(current, length + 1), '"lastSeenAt":%d+,"expiresAt":%d+', fields, 1)
    local removed = expires + ${CLOCK_MARGIN}
    if found == 1 and removed > now then
      redis.call('SET', KEYS[at], after .. body, 'PXAT', string.format('%.0f', removed))
      written[at] = 1
    end
  end
  if looks == '1' then
    local index = count + #named + 1
    local score = redis.pcall('ZSCORE', KEYS[index], 'c' .. string.sub(KEYS[at], -22))
    named[#named + 1] = score and type(score) ~= 'table' and 1 or 0
  end
end
for i = 1, #named do written[count + i] = named[i] end
return written
`);

/** ARGV: the value to delete. Deletes no other. */
export const DISCARD = script(`
if redis.pcall('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
`);

/** An index of another type is as good as lost. */
const FIND = `
local probe = redis.pcall('ZSCORE', KEYS[1], '')
if type(probe) == 'table' and string.find(probe.err, 'WRONGTYPE') then redis.call('DEL', KEYS[1]) end
`;

const MARK = `
local function mark(member)
  redis.call('ZADD', KEYS[1], -1, 'r' .. string.sub(member, 2))
  redis.call('ZREM', KEYS[1], member)
end
local function marks()
  return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '(0', 'LIMIT', 0, ${CHUNK})
end
`;

/** Lets the index live until `deadline`, or as long as it would anyway. `PEXPIREAT` has no `GT` before Redis 7. */
const OUTLIVE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function outlive(deadline)
  local left = redis.call('PTTL', KEYS[1])
  if left < 0 or deadline - now > left then redis.call('PEXPIREAT', KEYS[1], deadline) end
end
`;

/**
 * Step 1 of `create`: gives the session a place, pending, so that a revocation reaches it from here on. Answers
 * `exists` where the index names the sid already; otherwise `admitted`, with the sids of some confirmed sessions where
 * there are many: the caller forgets those that are gone. Of pending ones, those that take too long go at once.
 *
 * ARGV: sid, when the index may go, any number from 0 on.
 */
export const ADMIT = script(`${FIND}${OUTLIVE}
local sid, confirmed = ARGV[1], {}
for _, state in ipairs({'c', 'p', 'r'}) do
  if redis.call('ZSCORE', KEYS[1], state .. sid) then return {'exists'} end
end
redis.call('ZADD', KEYS[1], now, 'p' .. sid)
outlive(ARGV[2])
local count = redis.call('ZCARD', KEYS[1])
if count < ${MANY} then return {'admitted', confirmed} end
local from = ARGV[3] % count
local some = redis.call('ZRANGE', KEYS[1], from, from + ${LOOKED_AT - 1}, 'WITHSCORES')
for i = 1, #some, 2 do
  local state = string.sub(some[i], 1, 1)
  if state == 'c' then table.insert(confirmed, string.sub(some[i], 2)) end
  if state == 'p' and some[i + 1] + ${PENDING_TIMEOUT} <= now then redis.call('ZREM', KEYS[1], some[i]) end
end
return {'admitted', confirmed}
`);

/**
 * Step 3 of `create`: confirms the place, and keeps the user's limit in the same step. So each of many sign-ins at once
 * begins, and the next one evicts it, as if they had come one after the other. Answers `revoked` where the place was
 * taken away, `full` (the caller looks for sessions that ended unnoticed, then asks again), `refused`; or `confirmed`
 * with the sids evicted for it, and the first marks. Only confirmed sessions count.
 *
 * ARGV: sid, `createdAt`, most sessions (0: any number), whether to refuse, whether the caller has looked.
 */
export const CONFIRM = script(`${MARK}
local sid, createdAt = ARGV[1], ARGV[2]
local max, refuses, hasLooked = tonumber(ARGV[3]), ARGV[4] == '1', ARGV[5] == '1'
if not redis.call('ZSCORE', KEYS[1], 'p' .. sid) then return {'revoked'} end
local evicted = {}
if max > 0 and redis.call('ZCARD', KEYS[1]) > max then
  local begun = {}
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], 0, '+inf')) do
    if string.sub(member, 1, 1) == 'c' then table.insert(begun, member) end
  end
  local excess = #begun + 1 - max
  if excess > 0 and not hasLooked then return {'full'} end
  if excess > 0 and refuses then return {'refused'} end
  for n = 1, excess do
    mark(begun[n])
    table.insert(evicted, string.sub(begun[n], 2))
  end
end
redis.call('ZADD', KEYS[1], createdAt, 'c' .. sid)
redis.call('ZREM', KEYS[1], 'p' .. sid)
return {'confirmed', evicted, marks()}
`);

/**
 * Step 1 of `deleteByUser`: marks all but one. Answers which of them had begun, which were pending, and the first
 * marks. ARGV: the sid to keep.
 */
export const REVOKE = script(`${FIND}${MARK}
local begun, pending = {}, {}
for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], 0, '+inf')) do
  local sid = string.sub(member, 2)
  if sid ~= ARGV[1] then
    mark(member)
    table.insert(string.sub(member, 1, 1) == 'c' and begun or pending, sid)
  end
end
return {begun, pending, marks()}
`);

/** Members and their scores, in order. A script, because the same command answers differently under RESP 2 and 3. */
export const RANGE = script(
  `${FIND}
return redis.call('ZRANGEBYSCORE', KEYS[1], ARGV[1], '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[2])
`,
  true,
);

/**
 * Enters a session that the index does not name in any state, or as one that has been pending for too long: its process
 * ended before it confirmed. A `create` of it that is still under way then fails to confirm, and takes the session
 * back. ARGV: sid, `createdAt`, when the index may go.
 */
export const RESTORE = script(`${FIND}${OUTLIVE}
for _, state in ipairs({'c', 'r'}) do
  if redis.call('ZSCORE', KEYS[1], state .. ARGV[1]) then return 0 end
end
local began = redis.call('ZSCORE', KEYS[1], 'p' .. ARGV[1])
if began and began + ${PENDING_TIMEOUT} > now then return 0 end
redis.call('ZADD', KEYS[1], ARGV[2], 'c' .. ARGV[1])
redis.call('ZREM', KEYS[1], 'p' .. ARGV[1])
outlive(ARGV[3])
return 1
`);
