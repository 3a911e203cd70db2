import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { childEnvironment, findLastingPort } from '@countersign/testing'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Runs what docs/service-to-service.md shows, as it stands there, on other ports. */
describe('docs/service-to-service.md', () => {
  let folder: string
  let page: string
  let stockUrl: string
  const ports = { auth: 0, resource: 0, bff: 0, stock: 0 }
  const children: ChildProcess[] = []
  let environment: NodeJS.ProcessEnv
  let admin: { username: string; password: string }

  beforeAll(async () => {
    for (const name of Object.keys(ports) as (keyof typeof ports)[]) ports[name] = await findLastingPort()
    stockUrl = `http://localhost:${ports.stock}`
    // In the repository, so that programs find the packages.
    folder = await mkdtemp(join(root, 'dev/dist/guide-'))
    page = (await readFile(join(root, 'docs/service-to-service.md'), 'utf8'))
      .replaceAll('localhost:4000', `localhost:${ports.auth}`)
      .replaceAll('localhost:4001', `localhost:${ports.resource}`)
      .replaceAll('localhost:5001', `localhost:${ports.stock}`)
      .replaceAll('listen(5001)', `listen(${ports.stock})`)
    for (const [, name, program] of page.matchAll(/`(\S+\.mjs)`:\n\n```js\n(.*?)```/gs)) {
      await writeFile(join(folder, name as string), program as string)
    }
    environment = childEnvironment({
      COUNTERSIGN_DATA_DIR: join(folder, 'data'),
      AUTH_SERVICE_PORT: String(ports.auth),
      RESOURCE_SERVICE_PORT: String(ports.resource),
      BFF_SERVICE_PORT: String(ports.bff)
    })
    admin = await startStack()
  })
  afterAll(async () => {
    for (const child of children.reverse()) {
      child.kill('SIGTERM')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    }
    await rm(folder, { recursive: true, force: true })
  })

  async function startStack(): Promise<typeof admin> {
    const child = spawn(process.execPath, [join(root, 'dev/bundle/main.js')], {
      env: environment,
      stdio: ['ignore', 'pipe', 'inherit']
    })
    children.push(child)
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
    await vi.waitUntil(() => output.includes('Ctrl-C stops it.'), { timeout: 60_000, interval: 50 })
    return { username: 'admin', password: /password {3}(\S+)/.exec(output)?.[1] as string }
  }

  async function run(file: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<string> {
    const child = spawn(process.execPath, [file, ...args], {
      cwd: folder,
      env: { ...environment, ...env },
      stdio: ['ignore', 'pipe', 'inherit']
    })
    const output = (await child.stdout.setEncoding('utf8').toArray()).join('')
    if (child.exitCode === null) await once(child, 'exit')
    expect(child.exitCode, `${file} ${args.join(' ')}`).toBe(0)
    return output
  }

  /** The commands of one part of the page. */
  async function runCommands(part: string): Promise<void> {
    const section = page.split(/^## /m).find((text) => text.startsWith(part)) as string
    const commands = [...section.matchAll(/^npm run countersign -- (.*)$/gm)].map(([, command]) => command as string)
    expect(commands.length).toBeGreaterThan(0)
    for (const command of commands) await run(join(root, 'dev/bundle/countersign.js'), command.split(' '))
  }

  test('a service is registered, gets a token, and calls another one', async () => {
    await runCommands('1.')
    children.push(spawn(process.execPath, ['stock.mjs'], { cwd: folder, env: environment, stdio: 'inherit' }))
    const status = () =>
      fetch(stockUrl).then(
        (response) => response.status,
        () => 0
      )
    await expect.poll(status, { timeout: 20_000 }).toBe(401)
    expect(await run('orders.mjs')).toBe('200 {"path":"/items/42","asked_by":"orders"}\n')
  })

  test('a service acts for a user who has signed in', async () => {
    await runCommands('4.')
    const signedIn = await fetch(`http://localhost:${ports.auth}/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(admin)
    })
    const { access_token } = (await signedIn.json()) as { access_token: string }
    const [status, body] = (await run('for-user.mjs', [], { TOKEN: access_token })).split(/ (.*)/s)
    expect(status).toBe('200')
    expect(JSON.parse(body as string)).toMatchObject({ username: 'admin', roles: [], scope: 'account' })
    expect(await run('orders.mjs')).toContain('"asked_by":"orders"')
    const refused = await fetch(`${stockUrl}/items/42`, { headers: { authorization: `Bearer ${access_token}` } })
    expect(refused.status).toBe(401)
  })
})
