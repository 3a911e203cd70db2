/** A relying party as a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { childEnvironment } from '@countersign/testing'
import { vi } from 'vitest'

const modules = fileURLToPath(new URL('../../../node_modules', import.meta.url))
const folder = fileURLToPath(new URL('programs/', import.meta.url))

export interface Program {
  /** The first address that it prints: its own, or the one that it wants the user to open. */
  readonly address: string
  /** Types a line, which is the last. */
  type(line: string): void
  /** What it printed after the address, once it has ended by itself. */
  result(): Promise<string>
  stop(): Promise<void>
}

/** A file of `programs/`, by its interpreter. */
export const startProgram = (command: string, name: string, env: Record<string, string>) =>
  start(command, [join(folder, name)], env)

/** A program of a page, in a folder with the packages of this project. */
export async function startPageProgram(code: string, env: Record<string, string>): Promise<Program> {
  const own = await mkdtemp(join(tmpdir(), 'countersign-app-'))
  await symlink(modules, join(own, 'node_modules'))
  await writeFile(join(own, 'app.mjs'), code)
  const program = await start(process.execPath, [join(own, 'app.mjs')], env)
  return {
    ...program,
    async stop() {
      await program.stop()
      await rm(own, { recursive: true })
    }
  }
}

async function start(command: string, args: string[], env: Record<string, string>): Promise<Program> {
  const child = spawn(command, args, { env: childEnvironment(env), stdio: 'pipe' })
  let [output, errors] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    errors += text
  })
  const ended = once(child, 'close')
  const addressLine = () => /^.*?(https?:\/\/\S+).*\n/m.exec(output)
  try {
    await vi.waitUntil(() => addressLine() || hasEnded(child), { timeout: 20_000, interval: 20 })
  } catch {} // reported below
  const [line, address] = addressLine() ?? []
  if (line === undefined || address === undefined) {
    child.kill()
    throw new Error(`${args[0]} printed no address: ${output}${errors}`)
  }
  return {
    address,
    type: (text) => child.stdin.end(`${text}\n`),
    async result() {
      const [code] = await ended
      if (code !== 0) throw new Error(`${args[0]} ended with ${code}: ${output}${errors}`)
      return output.slice(output.indexOf(line) + line.length)
    },
    async stop() {
      if (!hasEnded(child) && child.kill('SIGTERM')) await ended
    }
  }
}

const hasEnded = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null
