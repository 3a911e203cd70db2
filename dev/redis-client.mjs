// The Redis client as the bundles have it: all of its 400 commands, and what clusters need, take 20 to 30 MiB of memory.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What the client itself calls. */
const calledWithin = ['AUTH', 'CLIENT_SETNAME', 'READONLY']

/** @param {string} root the folder of the project */
export function usedRedisClient(root) {
  const library = join(root, 'node_modules/@redis/client/dist/lib')
  const entry = '\0redis'
  const called = new Set([...calledWithin, ...methodsCalledIn(root)])
  return {
    name: 'used-redis-client',
    resolveId: { filter: { id: /^redis$/ }, handler: () => entry },
    load: {
      filter: { id: new RegExp(`^${entry}$`) },
      handler: () => `
        import client from ${JSON.stringify(join(library, 'client/index.js'))}
        export * from ${JSON.stringify(join(library, 'errors.js'))}
        export const createClient = client.create`
    },
    transform: {
      filter: { id: /@redis\/client\/dist\/lib\/commands\/index\.js$/ },
      handler: (code) => ({ code: keepCommands(code, called), map: null })
    }
  }
}

/**
 * @param {string} list has three lines for each command, with `const GET_1 = …`, `GET: GET_1.default,` and `get: GET_1.default,`
 */
function keepCommands(list, called) {
  const modules = [...list.matchAll(/^ +'?([\w-]+)'?: (\w+_1)\.default,?$/gm)]
  const kept = new Set(modules.filter(([, command]) => called.has(command)).map(([, , module]) => module))
  const isAsExpected = calledWithin.every((command) => kept.has(`${command}_1`))
  if (!isAsExpected) throw new Error('the Redis client lists its commands in another way than it did')
  const lineOfCommand = /^(?:const ([A-Z]\w+_1) = __importDefault\(.*|.*: (\w+_1)\.default,?)$/gm
  return list.replace(lineOfCommand, (line, required, listed) => (kept.has(required ?? listed) ? line : ''))
}

/** The commands that our sources call by name, and all else that they call as a method. */
function methodsCalledIn(root) {
  const folders = ['services', 'shared']
    .flatMap((folder) => readdirSync(join(root, folder)).map((name) => join(root, folder, name, 'src')))
    .filter((folder) => existsSync(folder))
  const files = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(folder, name))
  )
  const calls = files.flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/\.(\w+)(?:<[^()]*>)?\(/g)])
  return new Set(calls.map(([, method]) => method))
}
