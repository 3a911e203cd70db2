import { createHash } from 'node:crypto'
import type { RedisClient } from '@countersign/verifier/redis'
import { ErrorReply } from 'redis'

/** A Lua script, which Redis runs as one atomic step. Every key it touches is in `KEYS`, in one slot. */
export interface RedisScript {
  readonly source: string
  readonly sha1: string
}

/**
 * Deleting messages by other ways than these scripts (`XTRIM`, `XDEL`, `DEL`, eviction) leaves a stream whose length
 * is not the one that the scripts have counted. `KEYS[1]` is the stream and `KEYS[2]` the length.
 */
const checkLength = `
local function is_whole()
  return redis.call('XLEN', KEYS[1]) == tonumber(redis.call('GET', KEYS[2]) or -1)
end

local function is_there()
  return redis.call('EXISTS', KEYS[1]) == 1
end
`

/** What the clocks of the issuer's replicas may differ by. */
const clockSkewMilliseconds = 60_000

/** The entry of a revoked key lives for days: it goes to the end of the stream so often, and holds back nothing behind it. */
const keyMoveMilliseconds = 3_600_000

/**
 * Removes what has expired from the front of the stream, at most about a thousand messages at once. By the ids alone, a
 * Redis whose clock was set ahead would take entries that are alive. So whichever clock is behind decides: that of Redis, or
 * that of the issuer.
 */
const trimming = `
local function earlier(now)
  local time = redis.call('TIME')
  return math.min(now, time[1] * 1000 + math.floor(time[2] / 1000))
end

local function field(message, name)
  local fields = message[2]
  for at = 1, #fields, 2 do
    if fields[at] == name then return fields[at + 1] end
  end
end

local function is_expired(message, now)
  return (tonumber(field(message, 'exp')) or 0) * 1000 + ${clockSkewMilliseconds} <= now
end

local function is_old_key(message, now)
  return field(message, 'kind') == 'kid' and tonumber(string.match(message[1], '^%d+')) < now - ${keyMoveMilliseconds}
end

local function trim(now)
  -- Mostly there is nothing to do: one message tells.
  for _, count in ipairs({1, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100}) do
    local messages = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', count)
    local passed = 0
    local moved = 0
    while passed < #messages do
      local message = messages[passed + 1]
      if not is_expired(message, now) then
        if not is_old_key(message, now) then break end
        redis.call('XADD', KEYS[1], '*', unpack(message[2]))
        moved = moved + 1
      end
      passed = passed + 1
    end
    if passed > 0 then
      redis.call('XTRIM', KEYS[1], 'MAXLEN', redis.call('XLEN', KEYS[1]) - passed)
      redis.call('DECRBY', KEYS[2], passed - moved)
    end
    if passed < count then return 0 end
  end
  return 1
end
`

/**
 * How many of the last published entries are remembered with their ids. Those of the last seconds are evidence that a replica may
 * have to look at yet, even when very many are published at once.
 */
const rememberedEntries = 64
const mostRememberedEntries = 4096
const rememberedMilliseconds = 10_000

/**
 * Writes entries: a key that expires with the entry for those who want a plain `EXISTS`, and one message in the stream
 * for those who follow. An entry that comes again never shortens the lifetime of its key. The key before those of the entries
 * remembers the last ids with the time; an entry without one is not remembered, nor is that of a key.
 */
const writeEntries = `${trimming}
local function remember(id, exp, time)
  if id == '' then return end
  redis.call('ZADD', KEYS[4], time, id .. ':' .. exp)
end

local function forget_older(time)
  local beyond = redis.call('ZCARD', KEYS[4]) - ${rememberedEntries}
  if beyond <= 0 then return end
  local old = redis.call('ZCOUNT', KEYS[4], '-inf', time - ${rememberedMilliseconds})
  local forgotten = math.max(math.min(beyond, old), beyond + ${rememberedEntries - mostRememberedEntries})
  if forgotten > 0 then redis.call('ZREMRANGEBYRANK', KEYS[4], 0, forgotten - 1) end
end

local function write_entries(first_key, first_argument, now)
  local time = redis.call('TIME')
  local milliseconds = time[1] * 1000 + math.floor(time[2] / 1000)
  local written = 0
  local argument = first_argument
  for key = first_key, #KEYS do
    local kind, value, exp, id = ARGV[argument], ARGV[argument + 1], ARGV[argument + 2], ARGV[argument + 3]
    -- A revocation of a key that a database has lost is repeated by itself.
    if kind ~= 'kid' then remember(id, exp, milliseconds) end
    local life = exp * 1000 - now
    if life > 0 then
      if redis.call('PTTL', KEYS[key]) < life then
        redis.call('SET', KEYS[key], '1', 'PX', string.format('%.0f', life))
      end
      redis.call('XADD', KEYS[1], '*', 'kind', kind, 'value', value, 'exp', exp)
      written = written + 1
    end
    argument = argument + 4
  end
  forget_older(milliseconds)
  if written > 0 then redis.call('INCRBY', KEYS[2], written) end
  trim(now)
end
`

/** `KEYS`: stream, length, epoch, published, then the key of each entry. `ARGV`: now, then kind, value, exp and id of each. */
export const publishScript = script(`${checkLength}${writeEntries}
-- Messages that are gone (evicted, deleted) took entries with them: the epoch must not stand for what is left.
if not is_there() or not is_whole() then redis.call('DEL', KEYS[3]) end
write_entries(5, 2, earlier(tonumber(ARGV[1])))
return 1
`)

/**
 * Remembers that the database is older than what was published. `KEYS`: the mark, the operator's last decision. `ARGV`: the decision that
 * was known when this was found out, or nothing. Returns 0 when there is a newer decision.
 */
export const holdScript = script(`
if (redis.call('GET', KEYS[2]) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], '1')
return 1
`)

/** Trims the stream when nothing is published. `KEYS`: stream, length. `ARGV`: now. Returns 1 when there may be more. */
export const trimScript = script(`${trimming}
return trim(earlier(tonumber(ARGV[1])))
`)

/**
 * Begins a rebuild. `KEYS`: stream, length, epoch, published, progress. `ARGV`: run_id, the progress key's lifetime in milliseconds, 1 if
 * the publisher knows that something is missing.
 *
 * A stale epoch is deleted first, so that nobody mistakes the half-written feed for complete. One
 * that is valid (another replica was faster) stays: entries are only ever added, so the feed stays complete throughout.
 * The stream itself is never deleted: what other replicas publish meanwhile is in it, and duplicates are harmless.
 */
export const beginRebuildScript = script(`${checkLength}
local epoch = redis.call('GET', KEYS[3])
local ending = '.' .. ARGV[1]
local is_of_this_run = epoch and string.sub(epoch, -string.len(ending)) == ending
if epoch and not (is_of_this_run and is_there() and is_whole() and ARGV[3] == '0') then redis.call('DEL', KEYS[3]) end
redis.call('SET', KEYS[2], redis.call('XLEN', KEYS[1]))
redis.call('SET', KEYS[5], '0', 'PX', ARGV[2])
return 1
`)

const checkProgress = `
if redis.call('GET', KEYS[5]) ~= ARGV[1] or not is_whole() then
  return redis.error_reply('REBUILDLOST the feed lost its memory during the rebuild')
end
`

/**
 * Writes one batch. `KEYS`: stream, length, epoch, published, progress, then the key of each entry. `ARGV`: the batches written so
 * far, the progress key's lifetime in milliseconds, now, then kind, value, exp and id of each.
 */
export const rebuildBatchScript = script(`${checkLength}${writeEntries}${checkProgress}
write_entries(6, 4, earlier(tonumber(ARGV[3])))
redis.call('SET', KEYS[5], tostring(ARGV[1] + 1), 'PX', ARGV[2])
return 1
`)

/**
 * Ends a rebuild. `KEYS`: stream, length, epoch, published, progress, outboxDrained. `ARGV`: the batches written, the new epoch, and if the
 * issuer confirms that its outbox is published, when it does and until when that holds, in milliseconds since 1970-01-01 UTC. The message of
 * kind `epoch` makes sure that there is a stream even when there is nothing to deny; readers skip it.
 */
export const finishRebuildScript = script(`${checkLength}${checkProgress}
redis.call('XADD', KEYS[1], '*', 'kind', 'epoch', 'value', ARGV[2], 'exp', '0')
redis.call('INCR', KEYS[2])
redis.call('SET', KEYS[3], ARGV[2])
if ARGV[3] then redis.call('SET', KEYS[6], ARGV[3], 'PXAT', ARGV[4]) else redis.call('DEL', KEYS[6]) end
redis.call('DEL', KEYS[5])
return 1
`)

/** Runs a script by its hash, and sends its source only to a server that does not know it yet. */
export async function runScript(
  client: RedisClient,
  { source, sha1 }: RedisScript,
  keys: string[],
  values: readonly (string | number)[]
): Promise<unknown> {
  const options = { keys, arguments: values.map(String) }
  try {
    return await client.evalSha(sha1, options)
  } catch (error) {
    if (!(error instanceof ErrorReply) || !error.message.startsWith('NOSCRIPT')) throw error
    return await client.eval(source, options)
  }
}

function script(source: string): RedisScript {
  return { source, sha1: createHash('sha1').update(source).digest('hex') }
}
