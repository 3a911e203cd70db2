import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { availableParallelism } from 'node:os'
import { childEnvironment } from '@countersign/testing/containers'

/** A process of the comparison. */
export interface Peer<T> {
  readonly pid: number
  /** Its message when it was ready. */
  readonly details: T
  /** One more request to it; it returns one message for each. */
  ask<A>(question: unknown): Promise<A>
  stop(): Promise<void>
}

/**
 * A thread of Node's pool for each core, for every contestant that signs: more only take the processor from the event loop,
 * which the issuer's documents say of themselves.
 */
export const threadPool = { UV_THREADPOOL_SIZE: String(availableParallelism()) } as const

/** How long a peer may take to migrate its database and to make its sessions, in milliseconds. */
const readyWithinMs = 120_000

/**
 * Starts a module of this folder as a process with `NODE_ENV=production` and {@link threadPool}, and waits until it is ready.
 * @param module its URL
 * @param options plain data, which the module reads with `peerOptions`
 */
export async function startPeer<T>(
  module: URL,
  options: unknown,
  env: Readonly<Record<string, string>> = {}
): Promise<Peer<T>> {
  const child = fork(module, [JSON.stringify(options)], {
    env: childEnvironment({ NODE_ENV: 'production', ...threadPool, ...env }),
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    serialization: 'advanced'
  })
  const gone = once(child, 'exit')
  const stop = async () => {
    if (child.connected) child.disconnect()
    await gone
  }
  try {
    const details = await responseOf<T>(child, module.pathname)
    return {
      pid: child.pid as number,
      details,
      ask<A>(question: unknown) {
        const response = responseOf<A>(child, module.pathname)
        child.send(question as object)
        return response
      },
      stop
    }
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  }
}

function responseOf<A>(child: ChildProcess, name: string): Promise<A> {
  return new Promise((resolve, reject) => {
    const settle = () => {
      clearTimeout(overdue)
      child.off('message', onMessage).off('exit', onExit)
    }
    const onMessage = (message: unknown) => {
      settle()
      resolve(message as A)
    }
    const onExit = (code: number | null) => {
      settle()
      reject(new Error(`${name} ended with ${code}`))
    }
    const overdue = setTimeout(() => {
      settle()
      reject(new Error(`${name} has not responded within ${readyWithinMs} ms`))
    }, readyWithinMs)
    child.on('message', onMessage).on('exit', onExit)
  })
}

/** In the peer: the options with which it was started. */
export function peerOptions<T>(): T {
  return JSON.parse(process.argv[2] as string) as T
}

/** In the peer: reports that it is ready, and ends with its parent. */
export function reportReady(details: object): void {
  process.on('disconnect', () => process.exit(0))
  process.send?.(details)
}

/** In the peer: listens on a free port of loopback. */
export async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
