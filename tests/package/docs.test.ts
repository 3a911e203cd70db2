import { existsSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { createTestRedis } from '@countersign/testing'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest'
import { variables as ofAuthService } from '../../services/auth-service/src/config.ts'
import { variables as ofBffService } from '../../services/bff-service/src/config.ts'
import { variables as ofResourceService } from '../../services/resource-service/src/config.ts'
import { faultOf } from './fixtures/call-checks.ts'
import { repository } from './fixtures/npm.ts'
import { blocks, exemptionOf, pages, placeOf, readPage } from './fixtures/pages.ts'
import { createShell, type Shell, scriptOf } from './fixtures/shell.ts'

/** What becomes of the blocks of each language. `text` is for what no program reads. */
const languages: Record<string, 'compiled' | 'shell' | 'redis' | 'shown'> = {
  ...{ ts: 'compiled', tsx: 'compiled', js: 'compiled', mjs: 'compiled' },
  ...{ sh: 'shell', console: 'shell' },
  redis: 'redis',
  text: 'shown'
}
const blocksOfKind = (kind: string) =>
  blocks.filter((block) => languages[block.language] === kind && !exemptionOf(block))

describe('each block of code', () => {
  test('is in a language that the tests run, or says before it why it is not run, or by which test it is', () => {
    const left = blocks.filter((block) => !Object.hasOwn(languages, block.language) && !exemptionOf(block))
    expect(left.map((block) => `${placeOf(block)}: ${block.language || 'no language'}`)).toEqual([])
  })

  test('that another test runs is read by that test', () => {
    const left = blocks.filter((block) => {
      const { test: file } = exemptionOf(block) ?? {}
      return file && !readFileSync(join(repository, file), 'utf8').includes(basename(block.page))
    })
    expect(left.map(placeOf)).toEqual([])
  })
})

describe('the shell commands of the pages', () => {
  let shell: Shell
  beforeAll(async () => {
    shell = await createShell()
  })
  afterAll(() => shell?.remove())

  /** Variables that a reader has: those of the services, and what the pages let them set. */
  const known = new Set([
    ...[ofAuthService, ofResourceService, ofBffService].flatMap((all) => Object.values(all).map(({ name }) => name)),
    'PASSWORD',
    'TOKEN',
    // Arguments of a build.
    'VERSION',
    'REVISION'
  ])
  const environment = Object.fromEntries([...known].map((name) => [name, 'x']))
  /** Variables that are set for one command, but for those that a program beside the page reads. */
  function unknownVariables(page: string, script: string): string[] {
    const program = join(repository, dirname(page), 'server.ts')
    const read = existsSync(program) ? readFileSync(program, 'utf8') : ''
    const set = [...script.matchAll(/(?:^|\s)([A-Z][A-Z\d_]+)=/g)].map(([, name]) => name as string)
    return set.filter((name) => !known.has(name) && !new RegExp(`\\b${name}\\b`).test(read))
  }

  async function faultsIn(page: string, script: string): Promise<string[]> {
    const unknown = unknownVariables(page, script).map((name) => `${name} is no variable`)
    try {
      const calls = await shell.callsOf(script, environment)
      const faults = await Promise.all(calls.map((call) => faultOf(page, call)))
      return [...unknown, ...faults.filter((fault) => fault !== undefined)]
    } catch (error) {
      return [(error as Error).message]
    }
  }

  test('are shell, and name programs, options, scripts, services and variables that there are', async () => {
    const faults: string[] = []
    for (const block of blocksOfKind('shell')) {
      const found = await faultsIn(block.page, scriptOf(block.language, block.code))
      faults.push(...found.map((fault) => `${placeOf(block)}: ${fault}`))
    }
    expect(faults).toEqual([])
  })

  test('within sentences do the same', async () => {
    const faults: string[] = []
    for (const page of pages) {
      const spans = readPage(page)
        .replaceAll(/^```.*?^```/gms, '')
        .matchAll(/`((?:countersign|npm|docker compose) [^`…]+)`/g)
      for (const [, span = ''] of spans) {
        const command = span.replaceAll('\n', ' ').replaceAll(/<[^>]+>/g, './x')
        faults.push(...(await faultsIn(page, command)).map((fault) => `${page}: \`${span}\`: ${fault}`))
      }
    }
    expect(faults).toEqual([])
  })

  test('print JSON where a response in JSON is shown', () => {
    const responses = blocksOfKind('shell').flatMap(({ code }) => code.match(/^(?:\d{3} )?\{.*$/gm) ?? [])
    expect(responses.length).toBeGreaterThan(20)
    for (const response of responses) expect(() => JSON.parse(response.replace(/^\d{3} /, '')), response).not.toThrow()
  })
})

describe.skipIf(inject('redisUrl') === undefined)('the commands for Redis', () => {
  const connect = async () => {
    const client = createClient({ url: await createTestRedis() })
    await client.connect()
    onTestFinished(() => client.destroy())
    return client
  }

  test('are known to Redis, with the rights and patterns that they name', async () => {
    const client = await connect()
    const commands = blocksOfKind('redis').flatMap(({ code }) => code.trim().replaceAll(/\n +/g, ' ').split('\n'))
    expect(commands.length).toBeGreaterThan(5)
    for (const command of commands) {
      const words = command
        .replace('<milliseconds>', '1000')
        .replaceAll(/<[^>]+>/g, 'x')
        .split(' ')
      if (words[0] !== 'ACL') {
        await client.sendCommand(words)
        continue
      }
      // The users of one Redis are shared by all tests.
      const name = `${words[2]}-of-docs-${process.pid}`
      await client.sendCommand(['ACL', 'SETUSER', name, 'reset', ...words.slice(3)])
      await client.sendCommand(['ACL', 'DELUSER', name])
    }
  })

  test('of a terminal revoke a session by hand', async () => {
    const client = await connect()
    const shell = await createShell()
    onTestFinished(() => shell.remove())
    const page = blocks.find(({ language, code }) => language === 'console' && code.includes('$ redis-cli EVAL'))
    const calls = await shell.callsOf(scriptOf('console', page?.code ?? ''))
    const commands = calls.filter(({ program }) => program === 'redis-cli').map(({ args }) => args)
    const replies = await commands.reduce<Promise<unknown[]>>(
      async (before, args) => [...(await before), await client.sendCommand([...args])],
      Promise.resolve([])
    )
    expect(replies).toEqual([
      expect.stringMatching(/^\d+-0$/),
      1,
      [[replies[0], ['kind', 'sid', 'value', '8c1f', 'exp', expect.stringMatching(/^\d{10}$/)]]],
      null,
      expect.stringMatching(/^run_id:[\da-f]{40}\r$/m)
    ])
  })
})
