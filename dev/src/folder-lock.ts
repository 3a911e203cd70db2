/** Keeps a second Countersign out of a data folder, and recognises the lock of one that was killed. */
import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { findProcess, isAlive } from './processes.ts'

/** Who holds a lock; the start time tells the holder from a later process with the same pid. */
export interface LockHolder {
  readonly pid: number
  readonly startedAt: string
}

export type LockAttempt =
  | { readonly taken: true; readonly formerPid: number | undefined; release(): Promise<void> }
  | { readonly taken: false; readonly holder: LockHolder }

/** Takes the lock at `path`, unless a living process holds it. */
export async function takeFolderLock(path: string): Promise<LockAttempt> {
  const ourselves = await findProcess(process.pid)
  const content = JSON.stringify({ pid: process.pid, startedAt: ourselves?.startedAt ?? '' } satisfies LockHolder)
  let formerPid: number | undefined
  for (;;) {
    if (await createFile(path, content)) return { taken: true, formerPid, release: () => releaseLock(path, content) }
    const found = await readSettled(path)
    if (found === undefined) continue
    const holder = parseHolder(found)
    if (holder && (await isAlive(holder))) return { taken: false, holder }
    formerPid = holder?.pid
    await removeStale(path, found)
  }
}

/** Who holds the lock at `path`; `undefined` when nobody that lives does. */
export async function findLockHolder(path: string): Promise<LockHolder | undefined> {
  const holder = parseHolder((await readIfThere(path)) ?? '')
  return holder && (await isAlive(holder)) ? holder : undefined
}

async function createFile(path: string, content: string): Promise<boolean> {
  return writeFile(path, content, { flag: 'wx', mode: 0o644 }).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return false
      throw error
    }
  )
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

/** A lock without a holder may be in the making; it is judged only when it stays so. */
async function readSettled(path: string): Promise<string | undefined> {
  for (let attempt = 0; ; attempt++) {
    const content = await readIfThere(path)
    if (content === undefined || parseHolder(content) || attempt === 10) return content
    await delay(100)
  }
}

function parseHolder(content: string): LockHolder | undefined {
  try {
    const { pid, startedAt } = JSON.parse(content)
    return Number.isSafeInteger(pid) && typeof startedAt === 'string' ? { pid, startedAt } : undefined
  } catch {
    return undefined
  }
}

/**
 * Removes a lock that was judged stale. Only one start at a time may do so, and it looks again first: else a slower one
 * would remove the lock that a faster one has put in its place.
 */
async function removeStale(path: string, judged: string): Promise<void> {
  const turn = `${path}.takeover`
  if (!(await createFile(turn, ''))) {
    await removeIfOld(turn)
    await delay(20)
    return
  }
  try {
    if ((await readIfThere(path)) === judged) await rm(path, { force: true })
  } finally {
    await rm(turn, { force: true })
  }
}

/** A turn takes milliseconds; one that is seconds old was cut short by a crash. */
async function removeIfOld(turn: string): Promise<void> {
  const found = await stat(turn).catch(() => undefined)
  if (found && Date.now() - found.mtimeMs > 5_000) await rm(turn, { force: true })
}
