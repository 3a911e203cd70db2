/** The folder with all data: the database, the secrets, and the lock of the stack that uses it. */

import { randomBytes } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { StartError } from '@countersign/service-kit'
import { findLockHolder, takeFolderLock } from './folder-lock.ts'

/** The database of the stack, in the Postgres of its data folder. */
export const database = 'countersign'

/** Increases when an older Countersign could no longer use the folder. */
const layoutVersion = 1

/** An open data folder; no other process uses it until `release`. */
export interface DataFolder {
  readonly path: string
  /** The folder of the embedded Postgres. */
  readonly postgresDir: string
  /** The folder of the master key and other private files. */
  readonly secretsDir: string
  /** 32 random bytes in base64url, made with the folder. */
  readonly masterKey: string
  release(): Promise<void>
}

/**
 * Opens a data folder, and creates it if it does not exist.
 * @throws {StartError} when it is in use, from a later version, not ours, or without its master key
 */
export async function openDataFolder(path: string, onNote: (note: string) => void): Promise<DataFolder> {
  try {
    await checkLayout(path)
    await mkdir(path, { recursive: true })
    const release = await lock(path, onNote)
    try {
      await writeOnce(join(path, 'format.json'), `${JSON.stringify({ layout: layoutVersion })}\n`, 0o644)
      const postgresDir = join(path, 'postgres')
      const masterKey = await readOrMakeMasterKey(path, postgresDir)
      return Object.freeze({ path, postgresDir, secretsDir: join(path, 'secrets'), masterKey, release })
    } catch (error) {
      await release()
      throw error
    }
  } catch (error) {
    throw explain(error, path)
  }
}

/** What another process needs to work beside the stack that uses a data folder. */
export interface RunningStack {
  readonly postgresDir: string
  readonly masterKey: string
}

/** Reads a data folder without changing it. @returns `undefined` when no stack uses it */
export async function findRunningStack(path: string): Promise<RunningStack | undefined> {
  try {
    if ((await findLockHolder(join(path, 'lock'))) === undefined) return undefined
    const masterKey = await readIfThere(join(path, 'secrets', 'master-key'))
    return masterKey === undefined ? undefined : { postgresDir: join(path, 'postgres'), masterKey: masterKey.trim() }
  } catch (error) {
    throw explain(error, path)
  }
}

async function checkLayout(path: string): Promise<void> {
  const format = await readIfThere(join(path, 'format.json'))
  if (format === undefined) return requireEmpty(path)
  const layout = parseLayout(format)
  if (layout === undefined) {
    throw new StartError(
      `${join(path, 'format.json')} does not say which layout the data folder has. Restore it from a backup, ` +
        'or move the folder aside to start over.'
    )
  }
  if (layout <= layoutVersion) return
  throw new StartError(
    `The data folder ${path} was made by a later version of Countersign (layout ${layout}; this version knows ` +
      `layout ${layoutVersion}). Nothing was changed. Use that version or a later one, or set COUNTERSIGN_DATA_DIR ` +
      'to another folder.'
  )
}

function parseLayout(format: string): number | undefined {
  try {
    const { layout } = JSON.parse(format)
    return Number.isSafeInteger(layout) && layout > 0 ? layout : undefined
  } catch {
    return undefined
  }
}

/** A mistyped path must not fill somebody's home folder with a database. */
async function requireEmpty(path: string): Promise<void> {
  const entries = await readdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  const foreign = entries.filter((name) => !/^(lock(\.takeover|\.turn)?|format\.json\..*|\.DS_Store)$/.test(name))
  if (foreign.length === 0) return
  throw new StartError(
    `${path} is not empty and not a data folder of Countersign (it holds ${foreign.slice(0, 3).join(', ')}). ` +
      'Set COUNTERSIGN_DATA_DIR to a new or an empty folder.'
  )
}

async function lock(path: string, onNote: (note: string) => void): Promise<() => Promise<void>> {
  const attempt = await takeFolderLock(join(path, 'lock'))
  if (!attempt.taken) {
    const { pid } = attempt.holder
    throw new StartError(
      `Countersign is already running with the data folder ${path} (pid ${pid}). Stop it with Ctrl-C in its terminal ` +
        `or "kill ${pid}", or give this one a folder and ports of its own:\n` +
        '  COUNTERSIGN_DATA_DIR=.countersign-2 AUTH_SERVICE_PORT=4010 RESOURCE_SERVICE_PORT=4011 BFF_SERVICE_PORT=4012 npm start'
    )
  }
  if (attempt.formerPid !== undefined) {
    onNote(`A former run (pid ${attempt.formerPid}) was killed; taking over its data folder.`)
  }
  return attempt.release
}

async function readOrMakeMasterKey(path: string, postgresDir: string): Promise<string> {
  const file = join(path, 'secrets', 'master-key')
  const known = await readIfThere(file)
  if (known === undefined) {
    await requireNoDatabase(file, postgresDir)
    await mkdir(join(path, 'secrets'), { recursive: true, mode: 0o700 })
    await writeOnce(file, `${randomBytes(32).toString('base64url')}\n`, 0o600)
  }
  const key = (await readFile(file, 'utf8')).trim()
  if (/^[\w-]{43,}$/.test(key)) return key
  throw new StartError(
    `${file} does not hold a master key (43 characters of base64url). Restore it from a backup, or move the data ` +
      'folder aside to start over.'
  )
}

async function requireNoDatabase(file: string, postgresDir: string): Promise<void> {
  const hasDatabase = await stat(join(postgresDir, 'cluster')).then(
    () => true,
    () => false
  )
  if (!hasDatabase) return
  throw new StartError(
    `The master key ${file} is gone, and the database beside it cannot be used without: its signing keys are sealed ` +
      'with it. Restore the file from a backup, or move the data folder aside to start over.'
  )
}

/** Writes a file completely or not at all, and leaves an existing one unchanged. */
async function writeOnce(file: string, content: string, mode: number): Promise<void> {
  if ((await readIfThere(file)) === undefined) await writeWhole(file, content, mode)
}

/** Writes a file completely or not at all. */
export async function writeWhole(file: string, content: string, mode: number): Promise<void> {
  const unfinished = `${file}.${process.pid}`
  const handle = await open(unfinished, 'w', mode)
  try {
    await handle.writeFile(content)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(unfinished, file)
}

/** @returns `undefined` when there is no such file */
export async function readIfThere(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
}

function explain(error: unknown, path: string): unknown {
  const { code, path: where = path } = error as NodeJS.ErrnoException
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new StartError(
      `The data folder cannot be used: no permission for ${where}. Run as its owner, or set COUNTERSIGN_DATA_DIR to a ` +
        'folder of your own.',
      { cause: error }
    )
  }
  if (code === 'ENOTDIR' || (code === 'EEXIST' && where === path)) {
    return new StartError(`COUNTERSIGN_DATA_DIR must be a folder, and ${path} is a file.`, { cause: error })
  }
  return error
}
