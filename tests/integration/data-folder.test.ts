import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findProcess } from '@countersign/dev/processes'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openDataFolder } from '../../dev/src/data-folder.ts'
import { takeFolderLock } from '../../dev/src/folder-lock.ts'

let parent: string
let path: string
const notes: string[] = []
const note = (line: string) => notes.push(line)

beforeEach(async () => {
  notes.length = 0
  parent = await mkdtemp(join(tmpdir(), 'countersign-data-folder-'))
  path = join(parent, 'data')
})
afterEach(() => rm(parent, { recursive: true, force: true }))

test('a new data folder gets a master key of 32 random bytes that only its owner may read', async () => {
  const folder = await openDataFolder(path, note)
  expect(Buffer.from(folder.masterKey, 'base64url')).toHaveLength(32)
  expect((await stat(join(path, 'secrets', 'master-key'))).mode & 0o777).toBe(0o600)
  expect((await stat(join(path, 'secrets'))).mode & 0o777).toBe(0o700)
})

test('the master key stays the same when the folder is opened again', async () => {
  const first = await openDataFolder(path, note)
  await first.release()
  expect((await openDataFolder(path, note)).masterKey).toBe(first.masterKey)
  expect(notes).toEqual([])
})

test('a folder in use is refused with the pid of its user and the way out', async () => {
  const folder = await openDataFolder(path, note)
  await expect(openDataFolder(path, note)).rejects.toThrow(
    new RegExp(`already running with the data folder .*\\(pid ${process.pid}\\).*COUNTERSIGN_DATA_DIR=`, 's')
  )
  await folder.release()
  await openDataFolder(path, note)
})

test('of many starts at once, exactly one gets the folder', async () => {
  await mkdir(path)
  await writeFile(join(path, 'lock'), JSON.stringify({ pid: 2 ** 22 + 1, startedAt: 'long ago' }))
  const attempts = await Promise.all(Array.from({ length: 20 }, () => takeFolderLock(join(path, 'lock'))))
  expect(attempts.filter((attempt) => attempt.taken)).toHaveLength(1)
  expect(await readdir(path)).toEqual(['lock'])
})

test('the lock of an ended process is taken over, and a note is printed', async () => {
  await mkdir(path)
  const gone = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
  const seen = await findProcess(gone.pid ?? 0)
  gone.kill('SIGKILL')
  await once(gone, 'exit')
  await writeFile(join(path, 'lock'), JSON.stringify(seen))
  await openDataFolder(path, note)
  expect(notes).toEqual([`A former run (pid ${gone.pid}) was killed; taking over its data folder.`])
})

test('the lock of an ended process is taken over even when its pid is reused', async () => {
  await mkdir(path)
  await writeFile(join(path, 'lock'), JSON.stringify({ pid: process.pid, startedAt: 'another time' }))
  await openDataFolder(path, note)
  expect(notes).toHaveLength(1)
})

test('a lock that was cut short by a crash is taken over', async () => {
  await mkdir(path)
  await writeFile(join(path, 'lock'), '')
  await openDataFolder(path, note)
})

test('a start that was killed while it took the lock of a new folder holds no other start up', async () => {
  await mkdir(join(path, 'lock.turn'), { recursive: true })
  const tenSecondsAgo = Date.now() / 1000 - 10
  await utimes(join(path, 'lock.turn'), tenSecondsAgo, tenSecondsAgo)
  await openDataFolder(path, note)
  expect(await readdir(path)).not.toContain('lock.turn')
})

test('a folder of a later layout is refused, and nothing in it is touched', async () => {
  await mkdir(path)
  await writeFile(join(path, 'format.json'), '{"layout":2}')
  await expect(openDataFolder(path, note)).rejects.toThrow(/later version of Countersign \(layout 2; .* layout 1\)/)
  expect(await readdir(path)).toEqual(['format.json'])
})

test('a folder with foreign files is refused, and nothing in it is touched', async () => {
  await mkdir(path)
  await writeFile(join(path, 'thesis.txt'), '')
  await expect(openDataFolder(path, note)).rejects.toThrow(/not a data folder of Countersign \(it holds thesis\.txt\)/)
  expect(await readdir(path)).toEqual(['thesis.txt'])
})

test('a file where the folder should be is refused by the name of the variable', async () => {
  await writeFile(path, '')
  await expect(openDataFolder(path, note)).rejects.toThrow('COUNTERSIGN_DATA_DIR must be a folder')
})

test('a lost master key is not replaced while there is a database that was sealed with it', async () => {
  const folder = await openDataFolder(path, note)
  await folder.release()
  await mkdir(join(folder.postgresDir, 'cluster'), { recursive: true })
  await rm(join(path, 'secrets', 'master-key'))
  await expect(openDataFolder(path, note)).rejects.toThrow(/master key .* is gone/)
  expect(await readdir(join(path, 'secrets'))).toEqual([])
  expect(await readdir(path)).not.toContain('lock')
})

test('a master key that was cut short is refused and not overwritten', async () => {
  const folder = await openDataFolder(path, note)
  await folder.release()
  await writeFile(join(path, 'secrets', 'master-key'), 'short')
  await expect(openDataFolder(path, note)).rejects.toThrow(/does not hold a master key/)
  expect(await readFile(join(path, 'secrets', 'master-key'), 'utf8')).toBe('short')
})
