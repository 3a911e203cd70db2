import { fork } from 'node:child_process'
import { once } from 'node:events'

/** A process of this folder that gets requests and responds, one at a time. */
export interface ClientProcess {
  ask<T>(question: unknown): Promise<T>
  stop(): Promise<void>
}

export function startClientProcess(module: URL): ClientProcess {
  const child = fork(module, { serialization: 'advanced' })
  const gone = once(child, 'exit')
  return {
    async ask<T>(question: unknown) {
      const response = once(child, 'message') as Promise<[{ result?: T; error?: string }]>
      child.send(question as object)
      const ended = gone.then(([code]) => Promise.reject(new Error(`${module.pathname} ended with ${code}`)))
      const [{ result, error }] = await Promise.race([response, ended])
      if (result === undefined) throw new Error(error)
      return result
    },
    async stop() {
      if (child.connected) child.disconnect()
      await gone
    }
  }
}
