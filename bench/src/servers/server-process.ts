import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { childEnvironment } from '@countersign/testing/containers'
import type { CpuProfile } from '../cpu-profile.ts'
import type { Question, ServerMessage, Usage } from './serve.ts'

/** A measured server in a separate process, or in several of one cluster. */
export interface ServerProcess {
  /** Such as `http://127.0.0.1:43210`. */
  readonly url: string
  readonly pid: number
  /** Its usage during `work`; of a cluster, the sum of CPU time, the mean utilization and the worst delay. */
  measure<T>(work: () => Promise<T>): Promise<{ result: T; usage: Usage }>
  /** Where its time went during `work`. Not of a cluster. */
  profile(work: () => Promise<unknown>): Promise<CpuProfile>
  residentBytes(): Promise<number>
  stop(): Promise<void>
}

export interface ServerOptions {
  /** The built script, beside the caller's module. */
  readonly script: URL
  /** Given to the script as JSON. */
  readonly options?: unknown
  /** More than 1 makes a cluster. */
  readonly processes?: number
}

const startMs = 60_000

/** Starts a server script with `NODE_ENV=production` and waits until it listens. */
export async function startServer({ script, options = {}, processes = 1 }: ServerOptions): Promise<ServerProcess> {
  const file = fileURLToPath(script)
  const text = JSON.stringify(options)
  const primary = fileURLToPath(new URL('./cluster-primary.js', import.meta.url))
  const [module, args] = processes === 1 ? [file, [text]] : [primary, [file, String(processes), text]]
  const child = fork(module, args, {
    env: childEnvironment({ NODE_ENV: 'production' }),
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    serialization: 'json'
  })
  let output = ''
  const keep = (chunk: Buffer) => {
    output = (output + chunk).slice(-10_000)
  }
  child.stdout?.on('data', keep)
  child.stderr?.on('data', keep)
  const gone = once(child, 'exit')
  const next = async (): Promise<ServerMessage> => {
    const ended = gone.then(([code]) => Promise.reject(new Error(`${file} ended with ${code}:\n${output}`)))
    const [message] = (await Promise.race([once(child, 'message'), ended])) as [ServerMessage]
    return message
  }
  const ask = async (question: Question) => {
    const response = next()
    child.send(question)
    const message = await response
    if (!('response' in message)) throw new Error(`${file} gave no response to ${question}`)
    return message.response
  }
  const timer = setTimeout(() => child.kill(), startMs)
  const message = await next().finally(() => clearTimeout(timer))
  if (!('listening' in message)) throw new Error(`${file} does not say where it listens`)
  return {
    url: message.listening,
    pid: child.pid as number,
    async measure(work) {
      await ask('begin')
      const result = await work()
      const { usage } = await ask('end')
      return { result, usage: usage as Usage }
    },
    async profile(work) {
      await ask('begin-profile')
      await work()
      const { profile } = await ask('end-profile')
      return profile as CpuProfile
    },
    residentBytes: async () => (await ask('memory')).residentBytes as number,
    async stop() {
      if (child.connected) child.disconnect()
      await gone
    }
  }
}
