/** The programs and settings of docs/verifiers-in-other-languages.md, run as they stand there. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { childEnvironment } from '@countersign/testing'
import { python } from './follower-process.ts'

const page = readFileSync(new URL('../../docs/verifiers-in-other-languages.md', import.meta.url), 'utf8')
const examplesFolder = fileURLToPath(new URL('../../docs/examples', import.meta.url))

/** Whether a token was accepted, by the name that the test gives it. */
export type Verdicts = Record<string, boolean>

/** A code block, with other texts in place of those of `npm start`. */
export function codeBlock(title: string, language: string, replaced: Record<string, string>, at = 0): string {
  const section = page.split(/^## /m).find((text) => text.startsWith(`${title}\n`)) ?? ''
  const block = [...section.matchAll(/```(\w+)\n(.*?)```/gs)].filter(([, name]) => name === language)[at]?.[2]
  if (block === undefined) throw new Error(`the page has no block ${at} of ${language} under ${title}`)
  return replaceAll(block, replaced)
}

/** A file of docs/examples, with other texts in the same way. */
export function exampleFile(name: string, replaced: Record<string, string>): string {
  return replaceAll(readFileSync(join(examplesFolder, name), 'utf8'), replaced)
}

export function replaceAll(text: string, replaced: Record<string, string>): string {
  return Object.entries(replaced).reduce((changed, [from, to]) => changed.replaceAll(from, to), text)
}

/** Runs Python that defines `verify`, and lets it verify the tokens. */
export function verifyWithPython(program: string, tokens: Record<string, string>): Promise<Verdicts> {
  return runProgram(python, ['-c', program + pythonDriver], tokens)
}

/** Runs Ruby that defines `verify`, and lets it verify the tokens. */
export function verifyWithRuby(program: string, tokens: Record<string, string>): Promise<Verdicts> {
  return runProgram('ruby', ['-e', program + rubyDriver], tokens)
}

/** Where Debian puts the Go packages that it has. */
const goPath = '/usr/share/gocode'

/** Runs Go that defines `verify`, and lets it verify the tokens. */
export async function verifyWithGo(program: string, call: string, tokens: Record<string, string>): Promise<Verdicts> {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-go-'))
  const file = join(folder, 'main.go')
  const main = program.replace(/^package verifier$/m, 'package main\n\nimport "os"')
  await writeFile(file, main + goDriver(call))
  try {
    return await runProgram('go', ['run', file], tokens, { GO111MODULE: 'off', GOPATH: goPath })
  } finally {
    await rm(folder, { recursive: true })
  }
}

export function hasGo(importPath: string): boolean {
  return existsSync(join(goPath, 'src', importPath)) && spawnSync('go', ['version']).status === 0
}

export function hasPython(...modules: string[]): boolean {
  return spawnSync(python, ['-c', `import ${modules.join(', ')}`]).status === 0
}

export function hasRuby(library: string): boolean {
  return spawnSync('ruby', ['-e', `require '${library}'`]).status === 0
}

/** A follower needs a moment until it knows; every other verifier says at once what it thinks of the valid token. */
const pythonDriver = `
import json, sys, time

def is_accepted(token):
    try:
        return bool(verify(token))
    except Exception as error:
        return error.__class__.__name__

tokens = json.load(sys.stdin)
for attempt in range(100):
    if is_accepted(tokens["good"]) != "CannotKnow":
        break
    time.sleep(0.1)
print(json.dumps({name: is_accepted(token) is True for name, token in tokens.items()}))
`

const rubyDriver = `
def accepted?(token)
  verify(token)
  true
rescue StandardError
  false
end
puts JSON.generate(JSON.parse($stdin.read).transform_values { |token| accepted?(token) })
`

const goDriver = (call: string) => `
func main() {
	tokens, verdicts := map[string]string{}, map[string]bool{}
	json.NewDecoder(os.Stdin).Decode(&tokens)
	for name, token := range tokens {
		_, err := ${call}
		verdicts[name] = err == nil
	}
	json.NewEncoder(os.Stdout).Encode(verdicts)
}
`

async function runProgram(
  command: string,
  args: string[],
  tokens: Record<string, string>,
  env: Record<string, string> = {}
): Promise<Verdicts> {
  const child = spawn(command, args, { env: childEnvironment({ PYTHONPATH: examplesFolder, ...env }) })
  const errors = child.stderr.setEncoding('utf8').toArray()
  // One that ends early says why by its exit code.
  child.stdin.on('error', () => {})
  child.stdin.end(JSON.stringify(tokens))
  const output = (await child.stdout.setEncoding('utf8').toArray()).join('')
  if (child.exitCode === null) await once(child, 'exit')
  if (child.exitCode !== 0) throw new Error(`${command} ended with ${child.exitCode}: ${(await errors).join('')}`)
  return JSON.parse(output)
}
