/** Keeps a second Countersign out of a data folder, and recognizes the lock of a killed one. */
import { readFile, rm, writeFile } from 'node:fs/promises'
import { lock } from 'proper-lockfile'
import { findProcess, isAlive } from './processes.ts'

/** The holder of a lock; the start time distinguishes it from a later process with the same pid. */
export interface LockHolder {
  readonly pid: number
  readonly startedAt: string
}

export type LockAttempt =
  | { readonly taken: true; readonly formerPid: number | undefined; release(): Promise<void> }
  | { readonly taken: false; readonly holder: LockHolder }

/** A turn takes milliseconds; one that is five seconds old was cut short by a crash. */
const turn = { realpath: false, stale: 5_000, retries: { retries: 400, factor: 1, minTimeout: 20 } }

/** Takes the lock at `path`, unless a living process holds it. Of several that find a stale one, only one may replace it at a time. */
export async function takeFolderLock(path: string): Promise<LockAttempt> {
  const endTurn = await lock(path, { ...turn, lockfilePath: `${path}.turn` })
  try {
    const found = parseHolder((await readIfThere(path)) ?? '')
    if (found && (await isAlive(found))) return { taken: false, holder: found }
    const ourselves = await findProcess(process.pid)
    const content = JSON.stringify({ pid: process.pid, startedAt: ourselves?.startedAt ?? '' } satisfies LockHolder)
    await writeFile(path, content, { mode: 0o644 })
    return { taken: true, formerPid: found?.pid, release: () => releaseLock(path, content) }
  } finally {
    await endTurn()
  }
}

/** The holder of the lock at `path`; `undefined` when no living process has it. */
export async function findLockHolder(path: string): Promise<LockHolder | undefined> {
  const holder = parseHolder((await readIfThere(path)) ?? '')
  return holder && (await isAlive(holder)) ? holder : undefined
}

async function releaseLock(path: string, content: string): Promise<void> {
  if ((await readIfThere(path)) === content) await rm(path, { force: true })
}

async function readIfThere(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
}

function parseHolder(content: string): LockHolder | undefined {
  try {
    const { pid, startedAt } = JSON.parse(content)
    return Number.isSafeInteger(pid) && typeof startedAt === 'string' ? { pid, startedAt } : undefined
  } catch {
    return undefined
  }
}
