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
 * ARGV: how the value must begin, the new value, its deadline. A value that was cut off is left alone. Sent twice, it finds
 * its own value the second time and changes nothing.
 */
export const REPLACE = script(`
local current = redis.call('GET', KEYS[1])
if not current then return {'absent'} end
local isSame = string.sub(current, 1, string.len(ARGV[1])) == ARGV[1] and string.sub(current, -1) == '}'
if not isSame then return {'changed', current} end
redis.call('SET', KEYS[1], ARGV[2], 'PXAT', ARGV[3])
return {'written'}
`);

/** ARGV: the value to delete. Deletes no other. */
export const DISCARD = script(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
`);

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
 * Step 1 of `create`. Gives a place to a session, or says why not: `exists`, `full` (the caller shall look for sessions
 * that ended unnoticed, then ask again), `refused`. With the place come the sids evicted for it, and marked ones.
 *
 * A pending session that has to make room is forgotten, not marked: its own `create` then fails and takes the record back, and
 * nobody has its token. Many sign-ins at once would otherwise each finish the marks of all the others.
 *
 * Pending sessions count until they are pruned, and can only be confirmed before: so the limit holds whatever the clocks
 * say. Confirmed ones count until their absolute deadline, and are forgotten a margin later, when Redis has dropped them.
 *
 * ARGV: sid, now, now less the margin, when pending is given up, absolute deadline, margin, most sessions (0: any number),
 * whether to refuse, whether the caller has looked.
 */
export const ADMIT = script(`${MARK}${OUTLIVE}
local sid, now, longAgo, givenUp, deadline, margin = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local max, refuses, hasLooked = tonumber(ARGV[7]), ARGV[8] == '1', ARGV[9] == '1'
for _, state in ipairs({'c', 'p', 'r'}) do
  if redis.call('ZSCORE', KEYS[1], state .. sid) then return {'exists'} end
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], 0, longAgo)
for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], 0, now)) do
  if string.sub(member, 1, 1) == 'p' then redis.call('ZREM', KEYS[1], member) end
end
local excess = redis.call('ZCOUNT', KEYS[1], '(' .. now, '+inf') + 1 - max
local evicted = {}
if max > 0 and excess > 0 then
  if not hasLooked then return {'full'} end
  if refuses then return {'refused'} end
  local present = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. now, '+inf', 'WITHSCORES')
  for _, state in ipairs({'c', 'p'}) do
    for i = 1, #present, 2 do
      if excess > 0 and string.sub(present[i], 1, 1) == state then
        excess = excess - 1
        if state == 'c' then
          mark(present[i], present[i + 1])
          table.insert(evicted, string.sub(present[i], 2))
        else
          redis.call('ZREM', KEYS[1], present[i])
        end
      end
    end
  end
end
redis.call('ZADD', KEYS[1], givenUp, 'p' .. sid)
outlive(deadline, margin)
return {'admitted', evicted, marks()}
`);

/** Step 4 of `create`. Fails when the place was taken away meanwhile. ARGV: sid, absolute deadline, margin. */
export const CONFIRM = script(`${OUTLIVE}
if redis.call('ZREM', KEYS[1], 'p' .. ARGV[1]) == 0 then return 'revoked' end
redis.call('ZADD', KEYS[1], ARGV[2], 'c' .. ARGV[1])
outlive(ARGV[2], ARGV[3])
return 'confirmed'
`);

/**
 * Step 1 of `deleteByUser`: marks all but one. Answers which of them had begun, which were pending, and the first marks.
 * ARGV: the sid to keep.
 */
export const REVOKE = script(`${MARK}
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
  `
return redis.call('ZRANGEBYSCORE', KEYS[1], ARGV[1], '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[2])
`,
  true,
);

/**
 * Enters a session that the index does not name in any state. Should its `create` still be under way, that fails to confirm and
 * takes the session back. ARGV: sid, absolute deadline, margin.
 */
export const RESTORE = script(`${OUTLIVE}
for _, state in ipairs({'c', 'p', 'r'}) do
  if redis.call('ZSCORE', KEYS[1], state .. ARGV[1]) then return 0 end
end
redis.call('ZADD', KEYS[1], ARGV[2], 'c' .. ARGV[1])
outlive(ARGV[2], ARGV[3])
return 1
`);
