// Everything that Redis does in one atomic step. Each script touches one key, so that it runs on Cluster as it is.
//
// A user's index is a sorted set. A member is one letter for its state, and a sid:
//
//   c  confirmed  the session has begun; the score is its absolute deadline
//   p  pending    a `create` is under way; the score is when it is given up
//   r  revoked    its record is being deleted; the score is the one it had before, negative: so marks sort first, are
//                 never pruned by age, and still say how long the key has to live
//
// The order of members is left to the sorted set: Lua compares strings by the locale of the server.

import { script } from "./link.ts";

/** Most members that one reply gives and one command removes. */
export const CHUNK = 1000;

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
local function mark(member, score)
  redis.call('ZREM', KEYS[1], member)
  redis.call('ZADD', KEYS[1], '-' .. score, 'r' .. string.sub(member, 2))
end
local function marks()
  return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '(0', 'LIMIT', 0, ${CHUNK})
end
`;

/** Lets the index live as long as anything that it names. */
const OUTLIVE = `
local function outlive(deadline, margin)
  local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
  local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2]
  local latest = math.max(tonumber(deadline), -tonumber(first), tonumber(last))
  redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', latest + tonumber(margin)))
end
`;

/**
 * Step 1 of `create`: gives the session a place, pending, so that a revocation reaches it from here on. Answers
 * `exists` where the index names the sid already. Forgets what is over: pending ones when they are given up, confirmed
 * ones a margin after their absolute deadline, when Redis has dropped them.
 *
 * ARGV: sid, now, now less the margin, when pending is given up, absolute deadline, margin.
 */
export const ADMIT = script(`${FIND}${OUTLIVE}
local sid, now, longAgo, givenUp, deadline, margin = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
for _, state in ipairs({'c', 'p', 'r'}) do
  if redis.call('ZSCORE', KEYS[1], state .. sid) then return 'exists' end
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], 0, longAgo)
for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], 0, now)) do
  if string.sub(member, 1, 1) == 'p' then redis.call('ZREM', KEYS[1], member) end
end
redis.call('ZADD', KEYS[1], givenUp, 'p' .. sid)
outlive(deadline, margin)
return 'admitted'
`);

/**
 * Step 3 of `create`: confirms the place, and keeps the user's limit in the same step. So each of many sign-ins at once
 * begins, and the next one evicts it, as if they had come one after the other. Answers `revoked` where the place was
 * taken away, `full` (the caller looks for sessions that ended unnoticed, then asks again), `refused`; or `confirmed`
 * with the sids evicted for it, and the first marks. Only confirmed sessions count, until their absolute deadline.
 *
 * ARGV: sid, now, absolute deadline, margin, most sessions (0: any number), whether to refuse, whether the caller has
 * looked.
 */
export const CONFIRM = script(`${MARK}${OUTLIVE}
local sid, now, deadline, margin = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local max, refuses, hasLooked = tonumber(ARGV[5]), ARGV[6] == '1', ARGV[7] == '1'
if not redis.call('ZSCORE', KEYS[1], 'p' .. sid) then return {'revoked'} end
local evicted = {}
if max > 0 and redis.call('ZCOUNT', KEYS[1], '(' .. now, '+inf') > max then
  local begun = {}
  local present = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. now, '+inf', 'WITHSCORES')
  for i = 1, #present, 2 do
    if string.sub(present[i], 1, 1) == 'c' then table.insert(begun, i) end
  end
  local excess = #begun + 1 - max
  if excess > 0 and not hasLooked then return {'full'} end
  if excess > 0 and refuses then return {'refused'} end
  for n = 1, excess do
    mark(present[begun[n]], present[begun[n] + 1])
    table.insert(evicted, string.sub(present[begun[n]], 2))
  end
end
redis.call('ZREM', KEYS[1], 'p' .. sid)
redis.call('ZADD', KEYS[1], deadline, 'c' .. sid)
outlive(deadline, margin)
return {'confirmed', evicted, marks()}
`);

/**
 * Step 1 of `deleteByUser`: marks all but one. Answers which of them had begun, which were pending, and the first
 * marks. ARGV: the sid to keep.
 */
export const REVOKE = script(`${FIND}${MARK}
local begun, pending = {}, {}
local present = redis.call('ZRANGEBYSCORE', KEYS[1], 0, '+inf', 'WITHSCORES')
for i = 1, #present, 2 do
  local sid = string.sub(present[i], 2)
  if sid ~= ARGV[1] then
    mark(present[i], present[i + 1])
    table.insert(string.sub(present[i], 1, 1) == 'c' and begun or pending, sid)
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
 * Enters a session that the index does not name in any state. A `create` of it that is still under way then fails to
 * confirm, and takes the session back. ARGV: sid, absolute deadline, margin.
 */
export const RESTORE = script(`${FIND}${OUTLIVE}
for _, state in ipairs({'c', 'p', 'r'}) do
  if redis.call('ZSCORE', KEYS[1], state .. ARGV[1]) then return 0 end
end
redis.call('ZADD', KEYS[1], ARGV[2], 'c' .. ARGV[1])
outlive(ARGV[2], ARGV[3])
return 1
`);
