import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createApis } from '../../src/proxy/apis.ts'

const timeouts = { upstreamTimeoutSeconds: 1, upstreamIdleSeconds: 1 }
const reserved = ['/bff', '/account', '/countersign']
const reports = { prefix: '/api/reports', url: 'http://reports:4001', api: 'https://reports.example' }

describe('the APIs of a bff-service', () => {
  let folder: string
  let files = 0

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'countersign-routes-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  async function load(content: unknown, apiUrl?: string) {
    const routesFile = join(folder, `${++files}.json`)
    await writeFile(routesFile, typeof content === 'string' ? content : JSON.stringify(content))
    return createApis({ ...timeouts, routesFile, apiUrl }, reserved)
  }
  const problemsOf = async (content: unknown): Promise<string> => {
    const error = await load(content).then(
      () => undefined,
      (error: Error) => error
    )
    return error?.message ?? 'none'
  }
  const mistake = (changes: object) => problemsOf({ routes: [{ ...reports, ...changes }] })

  test('are those of the file, the longest prefix first, and that of API_URL', async () => {
    const stock = { prefix: '/api/reports/stock', url: 'http://stock/base/', api: 'urn:stock', scopes: ['a', 'b'] }
    const apis = await load({ routes: [reports, stock] }, 'http://first')
    expect(apis.map(({ prefix, target }) => ({ prefix, target }))).toEqual([
      { prefix: '/api/reports/stock', target: { resource: 'urn:stock', scope: 'a b' } },
      { prefix: '/api/reports', target: { resource: 'https://reports.example' } },
      { prefix: '/api', target: undefined }
    ])
  })

  test('are those of the file that the documentation shows', async () => {
    const page = await readFile(new URL('../../../../docs/your-app.md', import.meta.url), 'utf8')
    const [, file = ''] = /```json\n([\s\S]*?)```/.exec(page) ?? []
    expect((await load(file)).map(({ prefix }) => prefix)).toEqual(['/api/reports', '/api/stock'])
  })

  test('have one for /api when the file names it as well as API_URL', async () => {
    const apis = await load({ routes: [{ ...reports, prefix: '/api' }] }, 'http://first')
    expect(apis.map(({ target }) => target?.resource)).toEqual(['https://reports.example'])
  })

  test('are required', async () => {
    await expect(createApis(timeouts, reserved)).rejects.toThrow('API_URL is required without ROUTES_FILE')
  })

  test.each([
    ['a prefix without a slash', { prefix: 'api' }, 'routes[0].prefix is a path such as /api/reports'],
    ['a prefix with a slash at its end', { prefix: '/api/' }, 'routes[0].prefix is a path'],
    ['a prefix with a dot segment', { prefix: '/api/..' }, 'routes[0].prefix is a path'],
    ['a prefix that is a pattern', { prefix: '/:id' }, 'routes[0].prefix is a path'],
    ['a prefix of this service', { prefix: '/bff/x' }, 'covers /bff, which is a path of the bff-service'],
    ['a prefix around the pages', { prefix: '/countersign' }, 'covers /countersign'],
    ['a URL of another scheme', { url: 'ftp://x' }, 'routes[0].url is an http or https URL'],
    ['a URL with a password', { url: 'http://a:b@x' }, 'routes[0].url is an http or https URL'],
    ['an API that is no URI', { api: 'reports' }, 'routes[0].api is the identifier of an API'],
    ['a scope with a space', { scopes: ['a b'] }, 'routes[0].scopes[0] is a scope'],
    ['no scope at all', { scopes: [] }, 'routes[0].scopes'],
    ['scopes without an API', { api: undefined, scopes: ['a'] }, 'routes[0].scopes needs "api"'],
    ['a member that is unknown', { scope: 'a' }, 'scope']
  ])('%s is a mistake that is named', async (_what, changes, sentence) => {
    expect(await mistake(changes)).toContain(sentence)
  })

  test.each([
    ['text', 'not JSON', 'ROUTES_FILE is not JSON'],
    ['a list', [], 'ROUTES_FILE: the file'],
    ['no routes', { routes: [] }, 'ROUTES_FILE: routes'],
    ['too many routes', { routes: Array(33).fill(reports) }, 'ROUTES_FILE: routes'],
    ['a prefix twice', { routes: [reports, reports] }, 'the prefix /api/reports appears twice']
  ])('%s in the file is named', async (_what, content, sentence) => {
    expect(await problemsOf(content)).toContain(sentence)
  })

  test('all mistakes are named at once', async () => {
    const routes = [
      { ...reports, url: 'x' },
      { ...reports, prefix: 'y' },
      { ...reports, prefix: '/bff' }
    ]
    expect(await problemsOf({ routes })).toMatch(/routes\[0\]\.url[\s\S]*routes\[1\]\.prefix[\s\S]*covers \/bff/)
  })

  test('a file that is not there is named', async () => {
    await expect(createApis({ ...timeouts, routesFile: join(folder, 'none') }, reserved)).rejects.toThrow(
      'ROUTES_FILE cannot be read: ENOENT'
    )
  })
})
