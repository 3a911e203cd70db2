/** Runs a server script in several processes of one `node:cluster`, and reports for all of them. */
import cluster, { type Worker } from 'node:cluster'
import type { Question, ServerMessage, Usage } from './serve.ts'

const [script, count, options] = process.argv.slice(2) as [string, string, string]
cluster.setupPrimary({ exec: script, args: [options] })

const workers = Array.from({ length: Number(count) }, () => cluster.fork())
const urls = await Promise.all(workers.map((worker) => next(worker).then(listening)))
process.on('message', async (question: Question) => {
  const responses = workers.map((worker) => next(worker).then(responseIn))
  for (const worker of workers) worker.send(question)
  const usages = (await Promise.all(responses)).flatMap(({ usage }) => usage ?? [])
  process.send?.({ response: usages.length > 0 ? { usage: sum(usages) } : {} } satisfies ServerMessage)
})
process.on('disconnect', () => {
  for (const worker of workers) worker.process.disconnect()
  process.exit(0)
})
cluster.on('exit', (_, code) => process.exit(code || 1))
process.send?.({ listening: urls[0] as string } satisfies ServerMessage)

function next(worker: Worker): Promise<ServerMessage> {
  return new Promise((resolve) => worker.once('message', resolve))
}

function listening(message: ServerMessage): string {
  if (!('listening' in message)) throw new Error('a worker responded before it was listening')
  return message.listening
}

function responseIn(message: ServerMessage) {
  if (!('response' in message)) throw new Error('a worker began to listen twice')
  return message.response
}

function sum(usages: readonly Usage[]): Usage {
  return {
    cpuMicros: usages.reduce((total, { cpuMicros }) => total + cpuMicros, 0),
    utilisation: usages.reduce((total, { utilisation }) => total + utilisation, 0) / usages.length,
    loopDelayP99Ms: Math.max(...usages.map(({ loopDelayP99Ms }) => loopDelayP99Ms)),
    loopDelayMaxMs: Math.max(...usages.map(({ loopDelayMaxMs }) => loopDelayMaxMs))
  }
}
