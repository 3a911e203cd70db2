import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { findProcess } from '@countersign/dev/processes'
import { childEnvironment, expectMostWithin, findLastingPort, runningTimeOf } from '@countersign/testing'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { blocksOf } from '../package/fixtures/pages.ts'
import { scriptOf } from '../package/fixtures/shell.ts'
import { installService, packVerifier, readTutorial, tutorial } from './fixtures/tutorial.ts'

const main = fileURLToPath(new URL('../../dev/bundle/main.js', import.meta.url))

let dataDir: string
let ports: { auth: number; resource: number; bff: number }
const children: ChildProcess[] = []

beforeAll(async () => {
  if (!existsSync(main)) throw new Error('dev/bundle/main.js is not built; run "npm test" or "npm run build"')
  dataDir = join(await mkdtemp(join(tmpdir(), 'countersign-npm-start-')), 'data')
  ports = { auth: await findLastingPort(), resource: await findLastingPort(), bff: await findLastingPort() }
})
afterEach(async () => {
  for (const child of children.splice(0)) await end(child)
})
afterAll(() => rm(join(dataDir, '..'), { recursive: true, force: true }))

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGTERM')
  await once(child, 'exit')
}

interface Stack {
  readonly child: ChildProcess
  /** All that it has printed so far. */
  output(): string
  /** Resolves with the exit code when it has ended. */
  readonly ended: Promise<number | null>
}

function spawnStack(variables: Record<string, string> = {}): Stack {
  const child = spawn(process.execPath, [main], {
    env: childEnvironment({
      npm_lifecycle_event: undefined,
      COUNTERSIGN_ADMIN_PASSWORD: undefined,
      COUNTERSIGN_DATA_DIR: dataDir,
      AUTH_SERVICE_PORT: String(ports.auth),
      RESOURCE_SERVICE_PORT: String(ports.resource),
      BFF_SERVICE_PORT: String(ports.bff),
      ...variables
    }),
    stdio: ['ignore', 'pipe', 'pipe']
  })
  children.push(child)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  const ended = once(child, 'close').then(([code]) => code as number | null)
  return { child, output: () => output, ended }
}

async function startStack(variables: Record<string, string> = {}): Promise<Stack> {
  const stack = spawnStack(variables)
  let hasEnded = false
  stack.ended.then(() => {
    hasEnded = true
  })
  const isReady = () => stack.output().includes('Ctrl-C stops it.')
  await vi.waitUntil(() => hasEnded || isReady(), { timeout: 60_000, interval: 50 })
  expect(stack.output()).toMatch(/^Countersign is ready/m)
  return stack
}

/** Runs a start that is expected to fail, and gives what it said. */
async function failToStart(variables: Record<string, string> = {}): Promise<string> {
  const stack = spawnStack(variables)
  expect(await stack.ended).toBe(1)
  expect(stack.output()).not.toMatch(/\n\s+at /)
  return stack.output()
}

async function postgresPid(): Promise<number> {
  const text = await readFile(join(dataDir, 'postgres', 'cluster', 'postmaster.pid'), 'utf8')
  return Number(text.split('\n')[0])
}

const masterKey = () => readFile(join(dataDir, 'secrets', 'master-key'), 'utf8')

async function signIn(password: string, port: number | string = ports.auth): Promise<Response> {
  return fetch(`http://127.0.0.1:${port}/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'admin', password })
  })
}

interface Step {
  readonly command: string
  readonly shown: string
}

/** The commands that a page shows, with what it says they print. */
function stepsOf(page: string): Step[] {
  return blocksOf(page)
    .filter(({ language }) => language === 'console')
    .flatMap(({ code }) => code.split(/^(?=\$ )/m))
    .map((step) => {
      const command = scriptOf('console', step)
      return { command, shown: step.slice(command.length + 2).trim() }
    })
}

/** What the commands print in one shell, with the ports and the password of this test in place of those of the page. */
async function outputsOf(steps: readonly Step[], password: string, ownPort = 3000): Promise<string[]> {
  const script = steps
    .map(({ command }) => `${command}\necho ----`)
    .join('\n')
    .replaceAll('localhost:4000', `localhost:${ports.auth}`)
    .replaceAll('localhost:4001', `localhost:${ports.resource}`)
    .replaceAll('localhost:3000', `localhost:${ownPort}`)
    .replace(/"password":"[^"]+"/, `"password":"${password}"`)
  const shell = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const printed = (await shell.stdout.setEncoding('utf8').toArray()).join('').split('----\n').slice(0, -1)
  return printed.map(comparable)
}

const comparable = (text: string) => text.trim().replaceAll(/[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/g, 'a UUID')

/** Runs a program of the tutorial in the folder where its packages are installed, and waits until it listens. */
async function startTutorialService(folder: string, program: string, port: number): Promise<void> {
  await writeFile(
    join(folder, 'server.mjs'),
    program
      .replace('localhost:4000', `localhost:${ports.auth}`)
      .replace('localhost:4001', `localhost:${ports.resource}`)
      .replace('3000', String(port))
  )
  const { run } = readTutorial()
  children.push(spawn('sh', ['-c', `exec ${run}`], { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] }))
  const isUp = () =>
    fetch(`http://localhost:${port}/`).then(
      ({ status }) => status === 401,
      () => false
    )
  await expect.poll(isUp, { timeout: 10_000 }).toBe(true)
}

test('a mistake in a setting of the bff-service does not cost the password of the first account', async () => {
  const folder = join(dataDir, '..', 'first-start')
  const output = await failToStart({ COUNTERSIGN_DATA_DIR: folder, APP_DIR: join(folder, 'no-app') })
  expect(output).toContain('APP_DIR cannot be read: ENOENT')
  expect(output).toMatch(/username {3}admin\n {2}password {3}\S{12,}/)
})

test('an app of yours is served at the root, and the pages below /countersign', async () => {
  const app = join(dataDir, '..', 'app')
  await mkdir(app, { recursive: true })
  await writeFile(join(app, 'index.html'), '<h1>mine</h1>')
  const stack = await startStack({ COUNTERSIGN_DATA_DIR: join(dataDir, '..', 'first-start'), APP_DIR: app })
  const site = `http://localhost:${ports.bff}`
  expect(stack.output()).toContain(`Pages for the browser    ${site}/countersign\n`)
  const html = { headers: { Accept: 'text/html' } }
  expect(await (await fetch(`${site}/orders`, html)).text()).toBe('<h1>mine</h1>')
  expect(await (await fetch(`${site}/countersign/sign-in`, html)).text()).toContain('<title>Countersign</title>')
})

describe('npm start', () => {
  let password: string
  let firstKey: string

  test('a first start makes an account, says its password once, and prints lines that work when pasted', async () => {
    const stack = await startStack()
    password = /password {3}(\S+)/.exec(stack.output())?.[1] ?? ''
    expect(password).not.toBe('')
    firstKey = await masterKey()

    const lines = stack.output().match(/^ {2}(TOKEN|curl).*$/gm) ?? []
    expect(lines).toHaveLength(3)
    const script = [...lines, lines[1]].join('\n')
    const shell = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    const responses = (await shell.stdout.setEncoding('utf8').toArray()).join('')
    expect(responses.match(/^HTTP\/1\.1 \d+/gm)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 204', 'HTTP/1.1 401'])
    expect(responses).toContain('"username":"admin"')
  })

  describe('a second start', () => {
    let stack: Stack
    beforeAll(async () => {
      stack = await startStack()
      children.length = 0 // it outlives the first test
    })
    afterAll(() => stack && end(stack.child))

    test('finds the data: the same master key, and the same user signs in', async () => {
      expect(stack.output()).not.toContain('Making the database')
      expect(stack.output()).not.toContain('password is shown')
      expect(await masterKey()).toBe(firstKey)
      expect((await signIn(password)).status).toBe(200)
      expect((await signIn('wrong')).status).toBe(401)
    })

    test('the lines of the README run as they stand, and print what it shows', async () => {
      const steps = stepsOf('README.md')
      expect(steps).toHaveLength(4)
      expect(await outputsOf(steps, password)).toEqual(steps.map(({ shown }) => comparable(shown)))
    })

    test('a data folder in use is refused with its pid, and what runs goes on', async () => {
      const said = await failToStart()
      expect(said).toContain(`Countersign is already running with the data folder ${dataDir} (pid ${stack.child.pid}).`)
      expect(said).toContain('COUNTERSIGN_DATA_DIR=')
      expect((await signIn(password)).status).toBe(200)
    })

    test('Ctrl-C ends it with exit code 0 and leaves no process and no lock', async () => {
      const postgres = await postgresPid()
      stack.child.kill('SIGINT')
      expect(await stack.ended).toBe(0)
      expect(stack.output().trim().split('\n').at(-1)).toBe('Stopped.')
      expect(await findProcess(postgres)).toBeUndefined()
      expect(existsSync(join(dataDir, 'lock'))).toBe(false)
    })
  })

  describe('the tutorial', () => {
    const { commands, services, programOfReadme } = readTutorial()
    let stack: Stack
    let folders: string[]
    beforeAll(async () => {
      stack = await startStack()
      children.length = 0 // it outlives the first test
      const parent = join(dataDir, '..')
      await packVerifier(parent)
      folders = await Promise.all(services.map((service) => installService(parent, service)))
    }, 240_000)
    afterAll(() => stack && end(stack.child))

    test('runs as it stands, in an empty folder: a service of the reader rejects a token when its user has signed out', async () => {
      expect(commands).toEqual([
        'npm start',
        expect.stringMatching(/^npm pack /),
        expect.stringMatching(/^npm install /),
        'node server.mjs'
      ])
      const port = await findLastingPort()
      await startTutorialService(folders[0] as string, services[0]?.program ?? '', port)
      const steps = stepsOf(tutorial)
      expect(steps).toHaveLength(5)
      expect(await outputsOf(steps, password, port)).toEqual(steps.map(({ shown }) => comparable(shown)))
    })

    test('has a program for each framework, which rejects a token within 100 ms of its sign-out', async () => {
      const packages = services.map((service) => service.packages)
      expect(packages).toEqual(['express', 'express@4', 'koa', 'fastify', 'hono @hono/node-server'])
      expect(programOfReadme).toBe(services[2]?.program)
      for (const [at, { program }] of services.entries()) {
        const port = await findLastingPort()
        await startTutorialService(folders[at] as string, program, port)
        await expectMostWithin(100, async () => {
          const { access_token } = (await (await signIn(password)).json()) as { access_token: string }
          const headers = { authorization: `Bearer ${access_token}` }
          const call = () => fetch(`http://localhost:${port}/`, { headers })
          // Until it has followed the denylist for the first time it is 503.
          await vi.waitUntil(async () => (await call()).status === 200, { timeout: 10_000 })
          expect(await (await call()).json()).toEqual({ hello: 'admin' })
          const signOut = await fetch(`http://localhost:${ports.auth}/auth/logout`, { method: 'POST', headers })
          expect(signOut.status).toBe(204)
          return runningTimeOf(() =>
            vi.waitUntil(async () => (await call()).status === 401, { interval: 5, timeout: 10_000 })
          )
        })
      }
    })
  })

  test("the admin's dashboard has its figures at once, and after a start on other ports", async () => {
    for (const variables of [{}, { AUTH_SERVICE_PORT: String(await findLastingPort()) }]) {
      const { AUTH_SERVICE_PORT: port = ports.auth } = variables as { AUTH_SERVICE_PORT?: string }
      const stack = await startStack(variables)
      const { access_token } = (await (await signIn(password, port)).json()) as { access_token: string }
      const response = await fetch(`http://127.0.0.1:${ports.resource}/admin/dashboard`, {
        headers: { authorization: `Bearer ${access_token}` }
      })
      expect(response.status).toBe(200)
      expect(await response.json()).toMatchObject({ message: 'Hello, admin.', statistics: { users: { total: 1 } } })
      expect(stack.output()).not.toMatch(/dashboard|PRIVATE KEY/)
      stack.child.kill('SIGTERM')
      await stack.ended
    }
  })

  test('a request under way gets its response before it ends, also when npm passes the same Ctrl-C on', async () => {
    const stack = await startStack()
    const postgres = await postgresPid()
    const body = JSON.stringify({ username: 'admin', password: 'wrong' })
    const socket = connect(ports.auth, '127.0.0.1')
    const response = socket.setEncoding('utf8').toArray()
    socket.write(
      `POST /auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`
    )
    socket.write(body.slice(0, 5))
    // It has its response only once the service has seen the request before it.
    expect((await signIn(password)).status).toBe(200)
    stack.child.kill('SIGINT')
    stack.child.kill('SIGTERM')
    await expect.poll(() => stack.output()).toContain('Stopping …')
    socket.write(body.slice(5))
    expect((await response).join('')).toMatch(/^HTTP\/1\.1 401 /)
    expect(await stack.ended).toBe(0)
    expect(await findProcess(postgres)).toBeUndefined()
  })

  test('a second Ctrl-C does not wait for requests under way', async () => {
    const stack = await startStack()
    const postgres = await postgresPid()
    const socket = connect(ports.auth, '127.0.0.1').on('error', () => undefined)
    socket.write(
      'POST /auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n'
    )
    expect((await signIn(password)).status).toBe(200)
    stack.child.kill('SIGINT')
    await delay(1_200)
    const hurriedAt = Date.now()
    stack.child.kill('SIGINT')
    expect(await stack.ended).toBe(0)
    expect(Date.now() - hurriedAt).toBeLessThan(5_000)
    expect(await findProcess(postgres)).toBeUndefined()
    socket.destroy()
  })

  test('after a SIGKILL the next start takes over, and Ctrl-C then leaves no process', async () => {
    const killed = await startStack()
    const left = await postgresPid()
    killed.child.kill('SIGKILL')
    await killed.ended
    expect(await findProcess(left)).toBeDefined()

    const stack = await startStack()
    expect(stack.output()).toContain(`A former run (pid ${killed.child.pid}) was killed; taking over its data folder.`)
    expect(await findProcess(left)).toBeUndefined()
    expect((await signIn(password)).status).toBe(200)
    const postgres = await postgresPid()
    stack.child.kill('SIGINT')
    expect(await stack.ended).toBe(0)
    expect(await findProcess(postgres)).toBeUndefined()
  })

  test('it ends when the npm that started it is killed', async () => {
    // Stands for npm and the shell that npm starts: killed, it passes nothing on.
    const script = 'require("child_process").spawn("sh",["-c","node \\"$0\\"; true",process.argv[1]],{stdio:"inherit"})'
    const npm = spawn(process.execPath, ['-e', script, main], {
      env: childEnvironment({
        npm_lifecycle_event: 'start',
        COUNTERSIGN_DATA_DIR: dataDir,
        AUTH_SERVICE_PORT: String(ports.auth),
        RESOURCE_SERVICE_PORT: String(ports.resource),
        BFF_SERVICE_PORT: String(ports.bff)
      }),
      stdio: ['ignore', 'pipe', 'inherit']
    })
    children.push(npm)
    let output = ''
    npm.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
    await expect.poll(() => output, { timeout: 60_000, interval: 50 }).toContain('Ctrl-C stops it.')
    const postgres = await postgresPid()
    const { pid } = JSON.parse(await readFile(join(dataDir, 'lock'), 'utf8'))
    npm.kill('SIGKILL')
    await expect.poll(() => findProcess(pid), { timeout: 20_000 }).toBeUndefined()
    expect(await findProcess(postgres)).toBeUndefined()
  })

  test('taken ports are all named, with their variables and ports that are free, before anything is started', async () => {
    const server = createServer().listen(ports.resource, '127.0.0.1')
    await once(server, 'listening')
    const said = await failToStart()
    server.close()
    expect(said).toContain(`Port ${ports.resource} for the resource-service (RESOURCE_SERVICE_PORT) is in use`)
    expect(said).toMatch(/^ {2}RESOURCE_SERVICE_PORT=\d+ npm start$/m)
    expect(existsSync(join(dataDir, 'lock'))).toBe(false)
    expect(existsSync(join(dataDir, 'postgres', 'cluster', 'postmaster.pid'))).toBe(false)
  })

  test('a database of another Postgres is refused with both versions, and nothing is changed', async () => {
    const file = join(dataDir, 'postgres', 'cluster', 'PG_VERSION')
    const version = await readFile(file, 'utf8')
    await writeFile(file, '17\n')
    const said = await failToStart()
    await writeFile(file, version)
    expect(said).toMatch(/was made by Postgres 17, and this Countersign brings Postgres 18/)
    expect(said).toContain('COUNTERSIGN_DATA_DIR')
    expect(existsSync(join(dataDir, 'lock'))).toBe(false)
  })

  test('a data folder of a later layout is refused', async () => {
    const file = join(dataDir, 'format.json')
    const format = await readFile(file, 'utf8')
    await writeFile(file, '{"layout":99}')
    expect(await failToStart()).toContain('was made by a later version of Countersign (layout 99')
    await writeFile(file, format)
  })

  test('a setting that is not usable ends the start with its name and leaves no process', async () => {
    const said = await failToStart({ ACCESS_TOKEN_TTL_SECONDS: 'soon' })
    expect(said).toContain('ACCESS_TOKEN_TTL_SECONDS must be')
    expect(existsSync(join(dataDir, 'postgres', 'cluster', 'postmaster.pid'))).toBe(false)
  })

  test('a database that ends by itself ends the stack with a message', async () => {
    const stack = await startStack()
    process.kill(await postgresPid(), 'SIGINT')
    expect(await stack.ended).toBe(1)
    expect(stack.output()).toContain('The database has ended by itself')
  })
})
