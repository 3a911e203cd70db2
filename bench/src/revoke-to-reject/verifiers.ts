import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { audience, issuer } from '@countersign/testing/trio'
import type { FromVerifier, VerifierOptions } from './messages.ts'

/** Starts one verifier in a separate process, and waits until it is ready. */
export async function startVerifier(authUrl: string, redisUrl: string): Promise<ChildProcess> {
  const script = fileURLToPath(new URL('./verifier.js', import.meta.url))
  const options: VerifierOptions = { issuer, audience, jwksUri: `${authUrl}/.well-known/jwks.json`, redisUrl }
  const child = fork(script, [JSON.stringify(options)])
  const gone = once(child, 'exit').then(([code]) => Promise.reject(new Error(`a verifier ended with ${code}`)))
  await Promise.race([once(child, 'message'), gone])
  return child
}

/** The messages of each verifier about `id`. */
export function hearAll(verifiers: ChildProcess[], id: string, member: keyof FromVerifier): Promise<FromVerifier[]> {
  return Promise.all(verifiers.map((verifier) => hear(verifier, id, member)))
}

function hear(verifier: ChildProcess, id: string, member: keyof FromVerifier): Promise<FromVerifier> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(overdue)
      verifier.off('message', listen)
    }
    const overdue = setTimeout(() => {
      stop()
      reject(new Error(`no "${member}" for ${id} within 10 s`))
    }, 10_000)
    const listen = (message: FromVerifier) => {
      if (message.error === undefined && (message.id !== id || message[member] === undefined)) return
      stop()
      if (message.error === undefined) resolve(message)
      else reject(new Error(message.error))
    }
    verifier.on('message', listen)
  })
}
