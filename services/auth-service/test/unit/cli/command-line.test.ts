import { readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import type { Command } from 'commander'
import { describe, expect, test } from 'vitest'
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
  test('has the commands that it is documented to have', () => {
    expect(commands.map(({ name }) => name)).toEqual([
      'migrate',
      'keys list',
      'keys rotate',
      'keys pull',
      'master-key re-encrypt',
      'users create',
      'users list',
      'users disable',
      'users enable',
      'users set-password',
      'users end-sessions'
    ])
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
    { args: ['keys', 'pull', '--reason', 'x'] },
    { args: ['keys', 'pull', 'x'] },
    { args: ['keys', 'pull', 'x', '--reason', ''] },
    { args: ['keys', 'rotate', '--reason', 'x'.repeat(201)] },
    { args: ['users', 'create'] },
    { args: ['users', 'create', 'a b'] },
    { args: ['users', 'create', 'a', '--role', 'Admin'] },
    { args: ['users', 'create', 'a', '--email', 'nobody'] },
    { args: ['users', 'create', 'a', '--password', 'in the list of processes'] },
    { args: ['users', 'create', 'a', '--password-stdin'] },
    { args: ['users', 'list', '--limit', '101'] },
    { args: ['users', 'list', '--cursor', '!'] },
    { args: ['users', 'disable', ''] }
  ])('$args is wrong usage, before anything is read', async ({ args }) => {
    const text = await run(...args)
    expect(text).toMatchObject({ code: 2, stdout: '' })
    expect(text.stderr).not.toBe('')
    const json = await run(...args, '--json')
    expect(json).toMatchObject({ code: 2, stderr: '' })
    expect(json.stdout).toMatch(/^\{.*\}\n$/)
    expect(JSON.parse(json.stdout)).toEqual({ error: 'invalid_request', error_description: expect.any(String) })
  })

  test('a command that is mistyped is told which one may be meant', async () => {
    expect((await run('keys', 'lst')).stderr).toContain('Did you mean list?')
  })

  test('a kid that begins with a dash is a kid', async () => {
    const kid = `-${'Ab_-'.repeat(10)}Ab`
    for (const args of [
      ['keys', 'pull', kid, '--reason', 'leaked'],
      ['keys', 'pull', '--reason', 'leaked', '--', kid]
    ]) {
      // It gets as far as asking for the environment.
      expect(await run(...args)).toMatchObject({ code: 1 })
    }
    expect(await run('keys', 'pull', '-short', '--reason', 'leaked')).toMatchObject({ code: 2 })
  })

  test('what is not expected is exit code 1, and its message is not shown', async () => {
    const { code, stdout } = await run('migrate', '--json')
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({ error: 'server_error' })
    expect(stdout).not.toContain('the environment was read')
  })

  test('--version prints the version alone', async () => {
    expect(await run('--version')).toEqual({ code: 0, stdout: '0.1.0\n', stderr: '' })
  })
})
