import { readdirSync, readFileSync } from 'node:fs'

/** Linux counts in hundredths of a second for every program (USER_HZ), whatever the kernel ticks at. */
const secondsPerTick = 1 / 100

/** Processor time of a process and all its threads, in seconds; `undefined` without /proc. */
export function cpuSecondsOf(pid: number): number | undefined {
  return exactSecondsOf(pid) ?? countedSecondsOf(pid)
}

/** The scheduler's sum of nanoseconds of each thread; `undefined` where the kernel does not tell it. Threads that ended are not in it. */
function exactSecondsOf(pid: number): number | undefined {
  try {
    const threads = readdirSync(`/proc/${pid}/task`)
    const nanoseconds = threads.map((thread) => {
      return Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0])
    })
    const seconds = nanoseconds.reduce((sum, one) => sum + one, 0) / 1e9
    return seconds > 0 ? seconds : undefined
  } catch {
    return undefined
  }
}

function countedSecondsOf(pid: number): number | undefined {
  try {
    // The second field is a name in parentheses, and may contain blanks itself.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    return (Number(fields[11]) + Number(fields[12])) * secondsPerTick
  } catch {
    return undefined
  }
}

/**
 * For how long the main thread of a process, which is Node's event loop, was ready to run and got no core, in seconds;
 * `undefined` where the kernel does not count it.
 */
export function secondsWithoutCore(pid: number): number | undefined {
  try {
    const waited = Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ')[1])
    return Number.isNaN(waited) ? undefined : waited / 1e9
  } catch {
    return undefined
  }
}

/**
 * Processor time of each Postgres process that serves a database, in seconds by its number; `undefined` where they are not to
 * be seen, since Docker runs on another machine. They say in their title which database that is.
 */
export function cpuSecondsOfPostgres(database: string): ReadonlyMap<number, number> | undefined {
  const seconds = new Map<number, number>()
  for (const pid of listProcesses()) {
    if (!titleOf(pid).startsWith('postgres: ') || !titleOf(pid).includes(` ${database} `)) continue
    seconds.set(pid, cpuSecondsOf(pid) ?? 0)
  }
  return seconds.size === 0 ? undefined : seconds
}

function listProcesses(): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
  } catch {
    return []
  }
}

function titleOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

/** Seconds of one process, or of several by their numbers. */
type CpuSeconds = number | ReadonlyMap<number, number> | undefined

/**
 * The use between two samples, in microseconds per request. A process that started meanwhile counts from zero, one that ended
 * does not count.
 */
export function microsPerRequest(
  before: CpuSeconds,
  after: CpuSeconds,
  { requests }: { readonly requests: number }
): number | undefined {
  if (after === undefined) return undefined
  const [first, last] = [byProcess(before), byProcess(after)]
  const used = [...last].reduce((sum, [pid, seconds]) => sum + seconds - (first.get(pid) ?? 0), 0)
  return (used * 1e6) / requests
}

function byProcess(seconds: CpuSeconds): ReadonlyMap<number, number> {
  if (typeof seconds === 'object') return seconds
  return new Map(seconds === undefined ? [] : [[0, seconds]])
}
