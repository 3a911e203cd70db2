import { createHash } from 'node:crypto'
import type { RedisClient } from '@countersign/verifier/redis'
import { ErrorReply } from 'redis'

/** A Lua script, which Redis runs as one atomic step. Every key it touches is in `KEYS`, in one slot. */
export interface RedisScript {
  readonly source: string
  readonly sha1: string
}

const trimming = `
local function milliseconds(number) return string.format('%.0f', number) end

local function time_in_milliseconds()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function trim(now, longest_life)
  redis.call('XTRIM', KEYS[1], 'MINID', '~', milliseconds(now - longest_life))
end
`

/**
 * Writes entries: a key that expires with the entry for those who want a plain `EXISTS`, and one message in the stream
 * for those who follow. An entry that comes again never shortens the life of its key. Afterwards everything is trimmed
 * that was written so long ago that it must have expired.
 */
const writeEntries = `${trimming}
local function write_entries(first_key, first_argument, longest_life)
  local now = time_in_milliseconds()
  local argument = first_argument
  for key = first_key, #KEYS do
    local kind, value, exp = ARGV[argument], ARGV[argument + 1], ARGV[argument + 2]
    local expires_at = exp * 1000
    if expires_at > now then
      if redis.call('PTTL', KEYS[key]) < expires_at - now then
        redis.call('SET', KEYS[key], '1', 'PXAT', milliseconds(expires_at))
      end
      redis.call('XADD', KEYS[1], '*', 'kind', kind, 'value', value, 'exp', exp)
    end
    argument = argument + 3
  end
  trim(now, longest_life)
end
`

/**
 * `KEYS`: stream, epoch, then the key of each entry. `ARGV`: the longest life of an entry in milliseconds, then kind,
 * value and exp of each.
 */
export const publishScript = script(`${writeEntries}
-- A stream that is gone (evicted, deleted) took entries with it: the epoch must not vouch for the one that begins now.
if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('DEL', KEYS[2]) end
write_entries(3, 2, tonumber(ARGV[1]))
return 1
`)

/** Trims the stream when nothing is published. `KEYS`: stream. `ARGV`: the longest life of an entry in milliseconds. */
export const trimScript = script(`${trimming}
trim(time_in_milliseconds(), tonumber(ARGV[1]))
return 1
`)

/**
 * Begins a rebuild. `KEYS`: stream, epoch, progress. `ARGV`: run_id, the progress key's life in milliseconds.
 *
 * An epoch that vouches for nothing any more goes first, so that nobody takes the half-written feed for complete. One
 * that is good (another replica was faster) stays: entries are only ever added, so the feed stays complete throughout.
 * The stream itself is never deleted: what other replicas publish meanwhile is in it, and duplicates are harmless.
 */
export const beginRebuildScript = script(`
local epoch = redis.call('GET', KEYS[2])
local ending = '.' .. ARGV[1]
local is_of_this_run = epoch and string.sub(epoch, -string.len(ending)) == ending
if epoch and (not is_of_this_run or redis.call('EXISTS', KEYS[1]) == 0) then redis.call('DEL', KEYS[2]) end
redis.call('SET', KEYS[3], '0', 'PX', ARGV[2])
return 1
`)

const checkProgress = `
if redis.call('GET', KEYS[3]) ~= ARGV[1] then
  return redis.error_reply('REBUILDLOST the feed lost its memory during the rebuild')
end
`

/**
 * Writes one batch. `KEYS`: stream, epoch, progress, then the key of each entry. `ARGV`: the batches written so far, the
 * progress key's life in milliseconds, the longest life of an entry in milliseconds, then kind, value and exp of each.
 */
export const rebuildBatchScript = script(`${writeEntries}${checkProgress}
write_entries(4, 4, tonumber(ARGV[3]))
redis.call('SET', KEYS[3], tostring(ARGV[1] + 1), 'PX', ARGV[2])
return 1
`)

/**
 * Ends a rebuild. `KEYS`: stream, epoch, progress. `ARGV`: the batches written, the new epoch. The message of kind
 * `epoch` makes sure that there is a stream even when there is nothing to deny; readers skip it.
 */
export const finishRebuildScript = script(`${checkProgress}
redis.call('XADD', KEYS[1], '*', 'kind', 'epoch', 'value', ARGV[2], 'exp', '0')
redis.call('SET', KEYS[2], ARGV[2])
redis.call('DEL', KEYS[3])
return 1
`)

/** Runs a script by its hash, and sends its source only to a server that does not know it yet. */
export async function runScript(
  client: RedisClient,
  { source, sha1 }: RedisScript,
  keys: string[],
  values: readonly (string | number)[]
): Promise<void> {
  const options = { keys, arguments: values.map(String) }
  try {
    await client.evalSha(sha1, options)
  } catch (error) {
    if (!(error instanceof ErrorReply) || !error.message.startsWith('NOSCRIPT')) throw error
    await client.eval(source, options)
  }
}

function script(source: string): RedisScript {
  return { source, sha1: createHash('sha1').update(source).digest('hex') }
}
