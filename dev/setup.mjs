// Prepares a bare clone: dependencies, the Prisma client, the build. Runs before start, test and check, so it needs nothing but
// Node, and prints nothing when there is nothing to do.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const environment = process.env

const installedLock = join(root, 'node_modules', '.package-lock.json')
const generatedClient = join(root, 'prisma', 'src', 'generated')
const generatedFrom = join(generatedClient, '.generated-from')
const web = join(root, 'services', 'bff-service', 'web')
const pagesFrom = join(web, 'dist', '.built-from')
const bundlesFrom = join(root, 'dev', 'bundle', '.built-from')
const bundles = ['dev', 'prisma', 'services/auth-service', 'services/bff-service', 'services/resource-service'].map(
  (name) => join(root, name, 'bundle', 'packages.json')
)
const setupLock = join(root, 'dev', 'dist', 'setup.lock')
const doneWith = join(root, 'dev', 'dist', '.set-up-with')

class SetupError extends Error {}

const say = (line) => process.stdout.write(`${line}\n`)
const inRoot = (...path) => join(root, ...path)
const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'))
const seconds = (since) => `${((Date.now() - since) / 1000).toFixed(1)} s`

function requireNodeVersion() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if ((major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major >= 24) return
  throw new SetupError(
    `Countersign needs Node 20.19 or newer (22.12 or newer within 22, or 24 and up); this is Node ${process.versions.node}. Install a newer Node and run the same command again.`
  )
}

/** Runs a program to its end, with its output visible; the output of a piped one is shown when it fails. */
async function run(what, command, args, options, advice) {
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], ...options })
  writeFileSync(setupLock, `${process.pid} ${child.pid}`)
  let held = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text) => {
      held += text
    })
  }
  const forward = (signal) => child.kill(signal)
  process.on('SIGTERM', forward)
  const outcome = await new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('close', (code, signal) => resolve(signal ?? code))
  })
  process.off('SIGTERM', forward)
  if (outcome !== 0) process.stderr.write(held)
  if (outcome !== 0) throw new SetupError(`${what} failed (${outcome}); the reason is above. ${advice}`)
}

/**
 * npm writes node_modules/.package-lock.json last, so it tells a complete installation, no matter which npm made it. Missing
 * packages are right only when they are optional and for another platform.
 */
function isInstalled() {
  if (!existsSync(installedLock)) return false
  let wanted
  let installed
  try {
    wanted = readJson(inRoot('package-lock.json')).packages
    installed = readJson(installedLock).packages
  } catch {
    return false
  }
  const isPackage = (path) => path.includes('node_modules/')
  const isHere = (path) => {
    const entry = installed[path]
    if (!entry) return mayBeMissing(wanted[path])
    const { version, integrity, link, resolved } = wanted[path]
    if (link) return entry.link === true && entry.resolved === resolved && existsSync(inRoot(path))
    return entry.version === version && entry.integrity === integrity && existsSync(inRoot(path, 'package.json'))
  }
  return (
    Object.keys(wanted).filter(isPackage).every(isHere) &&
    Object.keys(installed)
      .filter(isPackage)
      .every((path) => path in wanted)
  )
}

function mayBeMissing({ optional, devOptional, os, cpu, libc }) {
  if (!optional && !devOptional) return false
  const fits = (list, value) =>
    !list || list.includes(value) || (list.every((item) => item.startsWith('!')) && !list.includes(`!${value}`))
  const isForThisMachine = (os || cpu) && fits(os, process.platform) && fits(cpu, process.arch) && !libc
  return !isForThisMachine
}

async function install() {
  if (isInstalled()) return false
  const since = Date.now()
  const count = Object.keys(readJson(inRoot('package-lock.json')).packages).length
  say(`Installing the dependencies (npm ci, up to ${count} packages) …`)
  rmSync(installedLock, { force: true })
  // Options, not environment: `npm start --omit=dev` and NODE_ENV=production reach us, and would leave out the compiler.
  const args = [
    'ci',
    '--ignore-scripts',
    '--include=dev',
    '--include=optional',
    '--no-audit',
    '--no-fund',
    '--loglevel=error'
  ]
  const advice =
    'If the registry could not be reached, check the network or the proxy; then run the same command again.'
  const npm = environment.npm_execpath
  if (npm?.endsWith('npm-cli.js')) await run('npm ci', process.execPath, [npm, ...args], { env: environment }, advice)
  else await run('npm ci', 'npm', args, { env: environment, shell: process.platform === 'win32' }, advice)
  say(`Dependencies installed in ${seconds(since)}.`)
  return true
}

/** Does work if its sources have changed since the last time; the file `doneFrom` has their hash. */
async function whenChanged(doneFrom, hash, { starting, finished }, work) {
  const from = hash.digest('hex')
  if (existsSync(doneFrom) && readFileSync(doneFrom, 'utf8') === from) return false
  const since = Date.now()
  say(`${starting} …`)
  rmSync(doneFrom, { force: true })
  await work()
  writeFileSync(doneFrom, from)
  say(`${finished} in ${seconds(since)}.`)
  return true
}

function generatePrismaClient() {
  const sources = ['prisma/schema.prisma', 'prisma/prisma.config.ts', 'node_modules/prisma/package.json']
  const hash = createHash('sha256')
  for (const source of sources) hash.update(readFileSync(inRoot(source)))
  const env = {
    ...environment,
    // `generate` never calls this engine; naming an existing file is what keeps Prisma from downloading one.
    PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
    CHECKPOINT_DISABLE: '1',
    PRISMA_HIDE_UPDATE_MESSAGE: '1'
  }
  const words = { starting: 'Generating the database client', finished: 'Database client generated' }
  return whenChanged(generatedFrom, hash, words, () =>
    run(
      'prisma generate',
      process.execPath,
      [inRoot('node_modules', 'prisma', 'build', 'index.js'), 'generate'],
      { cwd: inRoot('prisma'), env, stdio: ['ignore', 'pipe', 'pipe'] },
      'Correct prisma/schema.prisma, then run the same command again.'
    )
  )
}

async function build() {
  const since = Date.now()
  let hasSaid = false
  const slow = setTimeout(() => {
    hasSaid = true
    say('Building …')
  }, 800)
  try {
    await run(
      'The build',
      process.execPath,
      [inRoot('node_modules', 'typescript', 'bin', 'tsc'), '-b'],
      {},
      'Correct that, then run the same command again.'
    )
  } finally {
    clearTimeout(slow)
  }
  if (hasSaid) say(`Built in ${seconds(since)}.`)
  return hasSaid
}

function buildPages() {
  const hash = createHash('sha256').update(readFileSync(inRoot('package-lock.json')))
  const folders = [web, inRoot('shared', 'oauth', 'src')]
  const isSource = (path) => !/^(?:dist|node_modules)\b/.test(path)
  for (const folder of folders) {
    for (const path of readdirSync(folder, { recursive: true }).filter(isSource).sort()) {
      if (statSync(join(folder, path)).isFile()) hash.update(path).update(readFileSync(join(folder, path)))
    }
  }
  return whenChanged(pagesFrom, hash, { starting: 'Building the pages', finished: 'Pages built' }, () =>
    run(
      'The build of the pages',
      process.execPath,
      [inRoot('node_modules', 'vite', 'bin', 'vite.js'), 'build'],
      { cwd: web, stdio: ['ignore', 'pipe', 'pipe'] },
      'Correct that, then run the same command again.'
    )
  )
}

function buildBundles() {
  if (!bundles.every((path) => existsSync(path))) rmSync(bundlesFrom, { force: true })
  const hash = createHash('sha256').update(readFileSync(inRoot('package-lock.json')))
  const folders = ['dev', 'prisma', 'services', 'shared'].map((name) => inRoot(name))
  for (const path of folders.flatMap(filesIn).sort()) hash.update(path).update(readFileSync(path))
  return whenChanged(bundlesFrom, hash, { starting: 'Bundling the services', finished: 'Services bundled' }, () =>
    run(
      'Bundling',
      process.execPath,
      [inRoot('dev', 'bundle.mjs')],
      { stdio: ['ignore', 'pipe', 'pipe'] },
      'Correct that, then run the same command again.'
    )
  )
}

/** The source files in a folder, and what says how they are built. */
function filesIn(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    // Files with a dot in front are those of editors; prepack.mjs copies the change log.
    if (/^(?:\..*|CHANGELOG\.md|node_modules|dist|bundle|generated|migrations|test|examples)$/.test(entry.name))
      return []
    return entry.isDirectory() ? filesIn(path) : entry.isFile() ? [path] : []
  })
}

/** By the times of all that is built and of what it is built into, which is quicker than to read it. */
function fingerprint() {
  const inputs = ['bench', 'dev', 'prisma', 'services', 'shared', 'tests/cluster'].flatMap((name) =>
    filesIn(inRoot(name))
  )
  const root = ['package-lock.json', 'tsconfig.json', 'tsconfig.base.json', 'node_modules/.package-lock.json']
  const outputs = inputs.filter((path) => basename(path) === 'tsconfig.json').map(outputOf)
  const hash = createHash('sha256').update(process.version)
  for (const path of [
    ...inputs,
    ...root.map((name) => inRoot(name)),
    ...outputs,
    generatedFrom,
    pagesFrom,
    bundlesFrom,
    ...bundles
  ]) {
    const { mtimeMs, size } = statSync(path, { throwIfNoEntry: false }) ?? {}
    hash.update(`${path} ${mtimeMs} ${size}\n`)
  }
  return hash.digest('hex')
}

const outputOf = (tsconfig) => join(dirname(tsconfig), 'dist', '.tsbuildinfo')

function isDone() {
  return existsSync(doneWith) && readFileSync(doneWith, 'utf8') === fingerprint()
}

/**
 * Lets one set-up work at a time. The holder touches the lock each second, so that one whose holder was killed is
 * recognised even when its pid is in use again. A npm that outlives a killed set-up is still waited for.
 */
async function takeSetupLock() {
  mkdirSync(dirname(setupLock), { recursive: true })
  for (let hasWaited = false, silentSince = 0; ; hasWaited = true) {
    try {
      writeFileSync(setupLock, String(process.pid), { flag: 'wx' })
      break
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
    const holder = readHolder()
    if (holder === undefined) continue
    const [pid, childPid] = holder.pids
    const patienceMs = isRunning(pid) ? 10_000 : 300_000
    const isSilent = Date.now() - holder.touchedAt > patienceMs
    if (!isSilent) silentSince = 0
    else silentSince ||= Date.now()
    // Silent for a while, not once: after a laptop's sleep its holder needs a moment to touch it again.
    const isStale = !holder.pids.some(isRunning) || (isSilent && Date.now() - silentSince > 1_500)
    if (isStale) {
      rmSync(setupLock, { force: true })
      continue
    }
    if (!hasWaited) say(`Another set-up is at work here (pid ${isRunning(pid) ? pid : childPid}); waiting for it …`)
    await delay(200)
  }
  const heartbeat = setInterval(() => {
    if (existsSync(setupLock)) utimesSync(setupLock, new Date(), new Date())
  }, 1_000)
  return () => {
    clearInterval(heartbeat)
    rmSync(setupLock, { force: true })
  }
}

function readHolder() {
  try {
    return { pids: readFileSync(setupLock, 'utf8').split(' ').map(Number), touchedAt: statSync(setupLock).mtimeMs }
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    throw error
  }
}

function isRunning(pid) {
  if (!(pid > 0)) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

async function setUp() {
  requireNodeVersion()
  const since = Date.now()
  const release = await takeSetupLock()
  try {
    const hasInstalled = await install()
    if (!hasInstalled && isDone()) return
    const hasGenerated = await generatePrismaClient()
    const hasBuilt = await build()
    const hasBuiltPages = await buildPages()
    const hasBundled = await buildBundles()
    writeFileSync(doneWith, fingerprint())
    if (hasInstalled || hasGenerated || hasBuilt || hasBuiltPages || hasBundled)
      say(`Set-up done in ${seconds(since)}.`)
  } finally {
    release()
  }
}

try {
  await setUp()
} catch (error) {
  const isNoPermission = error.code === 'EACCES' || error.code === 'EPERM' || error.code === 'EROFS'
  if (isNoPermission) {
    process.stderr.write(`Set-up cannot write ${error.path}. Run it as the owner of the clone, or clone it again.\n`)
  } else if (error instanceof SetupError) process.stderr.write(`${error.message}\n`)
  else throw error
  process.exitCode = 1
}
