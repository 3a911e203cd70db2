/** The programs that a suite runs, and what it says meanwhile. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { childEnvironment } from '@countersign/testing/containers'

const runFile = promisify(execFile)

export const repository = fileURLToPath(new URL('../../../', import.meta.url))

const begin = performance.now()

/** A line of progress. */
export function say(line: string): void {
  const seconds = Math.round((performance.now() - begin) / 1000)
  process.stdout.write(`${`${seconds} s`.padStart(7)}  ${line}\n`)
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  /** What it reads. */
  readonly input?: string
  readonly folder?: string
}

/** Runs a program to its end. @returns its standard output @throws with its standard error */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const env = childEnvironment(options.env ?? {})
  const running = runFile(command, args, { cwd: options.folder ?? repository, env, maxBuffer: 64 * 1024 * 1024 })
  running.child.stdin?.on('error', () => {}).end(options.input ?? '')
  return (await running).stdout
}

/** Asks again until it is so. @throws what was wrong last, after the given seconds */
export async function until<T>(seconds: number, ask: () => Promise<T>): Promise<T> {
  const end = performance.now() + seconds * 1000
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if (performance.now() > end) throw error
      await new Promise((resolve) => setTimeout(resolve, 500))
    }
  }
}

export function expectThat(isSo: boolean, what: string): asserts isSo {
  if (!isSo) throw new Error(`It is not so that ${what}.`)
}
