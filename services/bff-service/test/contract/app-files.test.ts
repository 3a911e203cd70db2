import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Koa from 'koa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createAppFiles } from '../../src/app/app-files.ts'

const files = {
  'index.html': '<h1>app</h1>',
  'about.html': 'about',
  'docs/index.html': 'docs',
  'robots.txt': 'User-agent: *',
  'assets/index-Ab3_dE-9.js': `console.log("${'x'.repeat(2000)}")`,
  'assets/plain.js': 'console.log(1)',
  '.env': 'SECRET=1',
  '.git/config': 'secret',
  '.well-known/security.txt': 'Contact: a@b.example',
  'with space.txt': 'space'
}

describe('a built app in a folder', () => {
  let folder: string
  let server: Server
  let url: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'countersign-app-'))
    for (const [name, content] of Object.entries(files)) {
      await mkdir(join(folder, name, '..'), { recursive: true })
      await writeFile(join(folder, name), content)
    }
    await symlink('/etc/hostname', join(folder, 'linked.txt'))
    const app = new Koa()
    app.silent = true
    app.use((ctx, next) => next().catch((error) => (ctx.status = error.status)))
    app.use(await createAppFiles(folder, "default-src 'self'"))
    server = createServer(app.callback()).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(async () => {
    server?.close()
    server?.closeAllConnections()
    await rm(folder, { recursive: true, force: true })
  })

  const open = (path: string, headers: Record<string, string> = { Accept: 'text/html' }, method = 'GET') =>
    fetch(url + path, { method, headers })

  test.each([
    ['/', '<h1>app</h1>'],
    ['/about', 'about'],
    ['/docs/', 'docs'],
    ['/docs', 'docs'],
    ['/orders/7', '<h1>app</h1>'],
    ['/robots.txt', 'User-agent: *'],
    ['/with%20space.txt', 'space'],
    ['/.well-known/security.txt', 'Contact: a@b.example']
  ])('%s is served', async (path, content) => {
    const response = await open(path)
    expect({ status: response.status, text: await response.text() }).toEqual({ status: 200, text: content })
  })

  test.each([
    '/.env',
    '/.git/config',
    '/none.txt',
    '/assets/none.js',
    '/linked.txt',
    '/%ff',
    '/..%2fetc%2fpasswd.txt',
    '/%2e%2e/x.txt'
  ])('%s is not there', async (path) => {
    expect((await open(path)).status).toBe(404)
  })

  test('a program that asks for an unknown path gets no page', async () => {
    expect((await open('/orders/7', { Accept: 'application/json' })).status).toBe(404)
  })

  test('a request that would change something is 404', async () => {
    expect((await open('/', {}, 'POST')).status).toBe(404)
  })

  test('pages have the policy, and are asked for again; files with a hash in their names are kept', async () => {
    const page = await open('/')
    expect(page.headers.get('content-security-policy')).toBe("default-src 'self'")
    expect(page.headers.get('cache-control')).toBe('no-cache')
    const again = await open('/', { Accept: 'text/html', 'If-None-Match': page.headers.get('etag') ?? '' })
    expect(again.status).toBe(304)
    expect((await open('/assets/index-Ab3_dE-9.js')).headers.get('cache-control')).toContain('immutable')
    expect((await open('/assets/plain.js')).headers.get('cache-control')).toBe('no-cache')
  })

  test('large text is sent compressed', async () => {
    const response = await open('/assets/index-Ab3_dE-9.js', { 'Accept-Encoding': 'gzip' })
    expect(response.headers.get('content-encoding')).toBe('gzip')
    expect(await response.text()).toBe(files['assets/index-Ab3_dE-9.js'])
    expect(
      (await open('/assets/index-Ab3_dE-9.js', { 'Accept-Encoding': 'identity' })).headers.get('content-encoding')
    ).toBe(null)
  })

  test.each([
    ['that is not there', () => join(folder, 'none'), 'APP_DIR cannot be read: ENOENT'],
    ['without a page', () => join(folder, 'assets'), 'APP_DIR has no index.html']
  ])('a folder %s stops the start', async (_what, path, message) => {
    await expect(createAppFiles(path(), '')).rejects.toThrow(message)
  })
})
