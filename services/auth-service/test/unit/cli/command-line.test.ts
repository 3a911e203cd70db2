import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { Command } from 'commander'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createProgram, runCommandLine } from '../../../src/cli/command-line.ts'

const documentation = readFileSync(new URL('../../../../../docs/command-line.md', import.meta.url), 'utf8')

function* leavesOf(command: Command, path: readonly string[] = []): Generator<{ path: string[]; command: Command }> {
  for (const child of command.commands) {
    const childPath = [...path, child.name()]
    if (child.commands.length === 0) yield { path: childPath, command: child }
    else yield* leavesOf(child, childPath)
  }
}

const program = createProgram(async () => undefined, {})
const commands = [...leavesOf(program)].map(({ path, command }) => ({ name: path.join(' '), path, command }))

async function run(...args: string[]) {
  const output = { stdout: '', stderr: '' }
  const code = await runCommandLine(args, {
    environment: () => Promise.reject(new Error('the environment was read')),
    stdin: Readable.from([]),
    stdout: {
      write: (text) => {
        output.stdout += text
      }
    },
    stderr: {
      write: (text) => {
        output.stderr += text
      }
    }
  })
  return { code, ...output }
}

describe('the command line', () => {
  test.each([
    ['users', 'list', '--limit', 'abc'],
    ['users', 'list', '--limit', '1.5'],
    ['clients', 'list', '--limit', '101'],
    ['clients', 'create', 'x', '--ttl', '1']
  ])('says which numbers an option takes: %s %s %s %s', async (...args) => {
    const { code, stderr } = await run(...args, ...(args[1] === 'create' ? ['--audience', 'https://api.test'] : []))
    expect(code).toBe(2)
    expect(stderr).toMatch(/--(limit|ttl): must be a whole number .*from \d+ to \d+\./)
  })

  test('has the commands that it is documented to have', () => {
    expect(commands.map(({ name }) => name)).toEqual([
      'doctor',
      'apply',
      'migrate',
      'after-restore',
      'keys list',
      'keys rotate',
      'keys revoke',
      'master-key re-encrypt',
      'users create',
      'users invite',
      'users import',
      'users export',
      'users list',
      'users disable',
      'users enable',
      'users set-password',
      'users end-sessions',
      'users reset-factors',
      'users delete',
      'apis create',
      'apis list',
      'apis show',
      'apis change',
      'apis delete',
      'roles create',
      'roles list',
      'roles show',
      'roles change',
      'roles delete',
      'clients create',
      'clients list',
      'clients disable',
      'clients enable',
      'clients rotate-secret',
      'clients drop-secret',
      'clients make-key',
      'providers list',
      'providers create',
      'providers change',
      'providers delete',
      'mail list',
      'mail retry'
    ])
  })

  test('still knows the name of 0.1 for keys revoke', async () => {
    const { code, stdout } = await run('keys', 'pull', '--help')
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('keys revoke') })
  })

  test.each(commands)('$name: --help needs nothing, and says the exit codes', async ({ path }) => {
    const { code, stdout, stderr } = await run(...path, '--help')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain(`Usage: countersign ${path.join(' ')}`)
    expect(stdout).toMatch(/--json .*\n/)
    expect(stdout).toMatch(/^Exit codes: 0 done; 1 .*; 2 .*; 3 refused/m)
  })

  test.each(commands)(
    '$name: stands in docs/command-line.md with its options and a JSON example',
    ({ name, command }) => {
      const section = documentation.split(/^### /m).find((text) => text.startsWith(`\`countersign ${name}`)) ?? ''
      expect(section).not.toBe('')
      for (const { long } of command.options) expect(section).toContain(`${long}`)
      const example = /--json\n(\{.*\})\n/.exec(section)?.[1] ?? ''
      expect(() => JSON.parse(example)).not.toThrow()
    }
  )

  test('names no command in the documentation that it does not have', () => {
    const documented = [...documentation.matchAll(/^### `countersign ([a-z- ]+?)(?: [<[].*)?`$/gm)].map(
      ([, name]) => name
    )
    expect(documented).toEqual(commands.map(({ name }) => name))
  })

  test.each([
    { args: [] },
    { args: ['keys'] },
    { args: ['nonsense'] },
    { args: ['keys', 'lst'] },
    { args: ['keys', 'list', 'more'] },
    { args: ['keys', 'list', '--colour'] },
    { args: ['keys', 'revoke', '--reason', 'x'] },
    { args: ['keys', 'revoke', 'x', '--reason', ''] },
    { args: ['keys', 'rotate', '--reason', 'x'.repeat(201)] },
    { args: ['users', 'create'] },
    { args: ['users', 'create', 'a b'] },
    { args: ['users', 'create', 'a', '--role', 'Admin'] },
    { args: ['users', 'create', 'a', '--email', 'nobody'] },
    { args: ['users', 'create', 'a', '--password', 'in the list of processes'] },
    { args: ['users', 'create', 'a', '--password-stdin'] },
    { args: ['users', 'invite', 'nobody'] },
    { args: ['users', 'invite', 'a@b.example', '--language', 'xx'] },
    { args: ['users', 'invite', 'a@b.example', '--role', 'Admin'] },
    { args: ['users', 'list', '--limit', '101'] },
    { args: ['users', 'list', '--cursor', '!'] },
    { args: ['users', 'disable', ''] },
    { args: ['clients', 'create'] },
    { args: ['clients', 'create', 'a b', '--jwks-uri', 'https://a.example/jwks'] },
    { args: ['clients', 'create', 'a'] },
    { args: ['clients', 'create', 'a', '--jwks-uri', 'http://a.example/jwks'] },
    { args: ['clients', 'create', 'a', '--jwks-file', '/nowhere'] },
    { args: ['clients', 'create', 'a', '--jwks-file', '/dev/null'] },
    { args: ['clients', 'create', 'a', '--auth-method', 'client_secret_post'] },
    {
      args: ['clients', 'create', 'a', '--auth-method', 'client_secret_basic', '--jwks-uri', 'https://a.example/jwks']
    },
    { args: ['clients', 'create', 'a', '--auth-method', 'client_secret_basic', '--grant-type', 'password'] },
    { args: ['clients', 'create', 'a', '--auth-method', 'client_secret_basic', '--scope', 'a b'] },
    { args: ['clients', 'create', 'a', '--auth-method', 'client_secret_basic', '--scope', 'a', '--scope', 'a'] },
    { args: ['clients', 'create', 'a', '--auth-method', 'client_secret_basic', '--audience', 'no url'] },
    { args: ['clients', 'create', 'a', '--auth-method', 'client_secret_basic', '--resource', 'https://a.example/#b'] },
    { args: ['clients', 'create', 'a', '--auth-method', 'client_secret_basic', '--may-act-for', 'a b'] },
    { args: ['clients', 'create', 'a', '--auth-method', 'client_secret_basic', '--ttl', '29'] },
    { args: ['clients', 'create', 'a', '--auth-method', 'client_secret_basic', '--ttl', '1e3'] },
    { args: ['clients', 'create', 'a', '--auth-method', 'client_secret_basic', '--if-absent', '--or-change'] },
    { args: ['clients', 'list', '--limit', '0'] },
    { args: ['clients', 'list', '--cursor', 'a b'] },
    { args: ['clients', 'disable', 'a b'] },
    { args: ['clients', 'rotate-secret', 'a', '--secret', 'in the list of processes'] },
    { args: ['clients', 'make-key', '--algorithm', 'HS256'] },
    { args: ['clients', 'make-key', '--out-private', '/nowhere/key.pem'] }
  ])('$args is wrong usage, before anything is read', async ({ args }) => {
    const text = await run(...args)
    expect(text).toMatchObject({ code: 2, stdout: '' })
    expect(text.stderr).not.toBe('')
    const json = await run(...args, '--json')
    expect(json).toMatchObject({ code: 2, stderr: '' })
    expect(json.stdout).toMatch(/^\{.*\}\n$/)
    expect(JSON.parse(json.stdout)).toEqual({ error: 'invalid_request', error_description: expect.any(String) })
  })

  test.each<[string, string[], RegExp]>([
    ['that could never get a token', ['--auth-method', 'none'], /gets tokens by authorization_code alone/],
    ['without an audience', ['--auth-method', 'client_secret_basic'], /needs an audience/],
    [
      'whose tokens would be too long',
      [
        ...['--auth-method', 'client_secret_basic'],
        ...Array.from({ length: 30 }, (_, at) => ['--audience', `https://${at}.test/`.padEnd(180, 'a')]).flat()
      ],
      /could have \d+ characters, and verifiers accept fewer than 8192/
    ]
  ])('a client %s is refused with a sentence that says what to do', async (_, options, sentence) => {
    const { code, stderr } = await run('clients', 'create', 'a', ...options)
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(sentence) })
  })

  test('a mistyped command gets a suggestion', async () => {
    expect((await run('keys', 'lst')).stderr).toContain('Did you mean list?')
  })

  test('a kid that begins with a dash is a kid', async () => {
    const kid = `-${'Ab_-'.repeat(10)}Ab`
    for (const args of [
      ['keys', 'revoke', kid, '--reason', 'leaked'],
      ['keys', 'revoke', '--reason', 'leaked', '--', kid]
    ]) {
      // It gets as far as asking for the environment.
      expect(await run(...args)).toMatchObject({ code: 1 })
    }
    expect(await run('keys', 'revoke', '-short', '--reason', 'leaked')).toMatchObject({ code: 2 })
  })

  test.each([
    ['create', '--jwks-uri', 'https://a.example/jwks'],
    ['create', '--auth-method', 'client_secret_basic', '--or-change'],
    ['disable'],
    ['enable'],
    ['rotate-secret'],
    ['drop-secret']
  ])('clients %s: the client that belongs to the issuer stays as it is', async (command, ...options) => {
    const { code, stdout } = await run('clients', command, 'countersign', ...options, '--json')
    expect({ code, document: JSON.parse(stdout) }).toMatchObject({ code: 3, document: { error: 'client_is_built_in' } })
  })

  test('clients make-key shows a key pair in which the public key has no private member', async () => {
    for (const [algorithm, kty] of [
      ['ES256', 'EC'],
      ['RS256', 'RSA'],
      ['EdDSA', 'OKP']
    ] as const) {
      const { code, stdout } = await run('clients', 'make-key', '--algorithm', algorithm, '--json')
      expect(code).toBe(0)
      const { kid, private_key, jwks } = JSON.parse(stdout)
      expect(private_key).toMatch(/^-----BEGIN PRIVATE KEY-----\n/)
      expect(jwks).toEqual({ keys: [expect.objectContaining({ kty, kid, alg: algorithm, use: 'sig' })] })
      expect(jwks.keys[0]).not.toHaveProperty('d')
      const publicJwk = createPublicKey(private_key).export({ format: 'jwk' })
      expect(jwks.keys[0]).toMatchObject(publicJwk)
    }
  })

  test('clients make-key writes each half to the given file, the private one readable only by its owner, and overwrites no file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'countersign-make-key-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const [key, jwks] = [join(folder, 'key.pem'), join(folder, 'jwks.json')]
    const made = await run('clients', 'make-key', '--out-private', key, '--out-jwks', jwks, '--json')
    expect(made.code).toBe(0)
    expect(JSON.parse(made.stdout)).not.toHaveProperty('private_key')
    const [privateKey, keySet] = [await readFile(key, 'utf8'), await readFile(jwks, 'utf8')]
    expect(privateKey).toMatch(/^-----BEGIN PRIVATE KEY-----\n/)
    expect((await stat(key)).mode & 0o777).toBe(0o600)
    expect(JSON.parse(keySet)).toEqual(JSON.parse(made.stdout).jwks)

    for (const args of [
      ['--out-private', key],
      ['--out-private', join(folder, 'other.pem'), '--out-jwks', jwks]
    ]) {
      expect(await run('clients', 'make-key', ...args)).toMatchObject({ code: 3, stdout: '' })
    }
    expect((await readdir(folder)).sort()).toEqual(['jwks.json', 'key.pem'])
    expect([await readFile(key, 'utf8'), await readFile(jwks, 'utf8')]).toEqual([privateKey, keySet])
  })

  test('a private key that is given for a public one is refused, and not shown', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'countersign-jwks-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const file = join(folder, 'jwk.json')
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const jwk = privateKey.export({ format: 'jwk' })
    await writeFile(file, JSON.stringify(jwk))
    const { code, stderr } = await run('clients', 'create', 'a', '--jwks-file', file)
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('private') })
    expect(stderr).not.toContain(jwk.d)
  })

  test('an unexpected error is exit code 1, and its message is not shown', async () => {
    const { code, stdout } = await run('migrate', '--json')
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({ error: 'server_error' })
    expect(stdout).not.toContain('the environment was read')
  })

  test('--version prints only the version', async () => {
    expect(await run('--version')).toEqual({ code: 0, stdout: '0.1.0\n', stderr: '' })
  })
})
