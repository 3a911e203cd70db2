/** What the operating system knows about a process: enough to distinguish it from one with a reused pid. */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** One process, distinguished from any other that had the same pid. */
export interface ProcessIdentity {
  readonly pid: number
  /** When it started, in the words of the operating system; only good for comparing. */
  readonly startedAt: string
  readonly parentPid: number
  readonly command: string
}

/** The process that has this pid now; `undefined` when there is none, or it is a zombie. */
export async function findProcess(pid: number): Promise<ProcessIdentity | undefined> {
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined
  return process.platform === 'linux' ? findInProc(pid) : findWithPs(pid)
}

/** Whether that same process is alive. */
export async function isAlive(seen: Pick<ProcessIdentity, 'pid' | 'startedAt'>): Promise<boolean> {
  return (await findProcess(seen.pid))?.startedAt === seen.startedAt
}

/** Waits until that same process has ended; false when it has not within the given time. */
export async function waitUntilGone(
  seen: Pick<ProcessIdentity, 'pid' | 'startedAt'>,
  withinMs: number
): Promise<boolean> {
  const deadline = Date.now() + withinMs
  while (await isAlive(seen)) {
    if (Date.now() >= deadline) return false
    await delay(25)
  }
  return true
}

async function findInProc(pid: number): Promise<ProcessIdentity | undefined> {
  try {
    const [stat, commandLine, bootId] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile(`/proc/${pid}/cmdline`, 'utf8'),
      readFile('/proc/sys/kernel/random/boot_id', 'utf8')
    ])
    // The second field is the program's name in parentheses, and may itself hold spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const [state, parentPid] = fields
    if (state === 'Z' || state === 'X') return undefined
    return {
      pid,
      startedAt: `${bootId.trim()}/${fields[19]}`,
      parentPid: Number(parentPid),
      command: commandLine.replaceAll('\0', ' ').trim()
    }
  } catch {
    return undefined
  }
}

async function findWithPs(pid: number): Promise<ProcessIdentity | undefined> {
  try {
    const { stdout } = await run('ps', ['-o', 'stat=,ppid=,lstart=,command=', '-p', String(pid)], {
      env: { LC_ALL: 'C', PATH: '/usr/bin:/bin' }
    })
    const found = /^\s*(\S+)\s+(\d+)\s+(\S+\s+\S+\s+\d+\s+[\d:]+\s+\d+)\s+(.*)$/m.exec(stdout)
    if (!found || found[1]?.startsWith('Z')) return undefined
    return { pid, parentPid: Number(found[2]), startedAt: found[3] ?? '', command: found[4] ?? '' }
  } catch {
    return undefined
  }
}
