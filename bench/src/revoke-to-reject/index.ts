import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { audience, issuer, post, register, signIn, startTrio } from '@countersign/testing/trio'
import { createBenchDatabase } from '../databases.ts'
import { median, percentiles, round } from '../statistics.ts'
import type { Measurement, Suite, SuiteContext } from '../suite.ts'

const verifierCount = 10
const revocations = 300

interface Report {
  id?: string
  ready?: boolean
  acceptedOnce?: boolean
  refusedAt?: string
  error?: string
}

/** From a logout to the refusal of its token in ten verifier processes, through real HTTP, Postgres and Redis. */
export const revokeToReject: Suite = {
  name: 'revoke-to-reject',
  summary: `${revocations} logouts, each until ${verifierCount} verifier processes refuse the token`,
  async run(context) {
    const database = await createBenchDatabase(context.postgresUrl)
    const env = { REGISTRATIONS_PER_ADDRESS: '100000', LOG_LEVEL: 'info', SESSIONS_PER_USER: '100' }
    const trio = await startTrio({ databaseUrl: database.url, redisUrl: context.redisUrl, env })
    const verifiers: ChildProcess[] = []
    try {
      for (let i = 0; i < verifierCount; i++) {
        verifiers.push(await startVerifier(trio.auth.url, context.redisUrl))
      }
      return { measurements: await measure(context, trio.auth.url, verifiers) }
    } finally {
      for (const verifier of verifiers) verifier.disconnect()
      await trio.stop()
      await database.drop()
    }
  }
}

async function startVerifier(authUrl: string, redisUrl: string): Promise<ChildProcess> {
  const script = fileURLToPath(new URL('./verifier.js', import.meta.url))
  const options = { issuer, audience, jwksUri: `${authUrl}/.well-known/jwks.json`, redisUrl }
  const child = fork(script, [JSON.stringify(options)])
  await new Promise<void>((resolve, reject) => {
    child.once('message', () => resolve())
    child.once('exit', (code) => reject(new Error(`a verifier ended with ${code}`)))
  })
  return child
}

async function measure(
  { progress, isQuick }: SuiteContext,
  authUrl: string,
  verifiers: ChildProcess[]
): Promise<Measurement[]> {
  const sinceRequest: number[] = []
  const sinceAnswer: number[] = []
  const logouts: number[] = []
  let user = await register(authUrl)
  const count = isQuick ? 20 : revocations
  for (let i = 0; i < count; i++) {
    if (i % 50 === 0) {
      user = await register(authUrl)
      progress(`${i} of ${count}`)
    }
    const { access_token: token } = await signIn(authUrl, user)
    await tellAll(verifiers, String(i), token)
    const refusals = Promise.all(verifiers.map((verifier) => report(verifier, String(i), 'refusedAt')))
    const requestedAt = process.hrtime.bigint()
    const { status } = await post(`${authUrl}/auth/logout`, undefined, token)
    const answeredAt = process.hrtime.bigint()
    if (status !== 204) throw new Error(`logout answered ${status}`)
    logouts.push(Number(answeredAt - requestedAt) / 1e6)
    for (const { refusedAt } of await refusals) {
      sinceRequest.push(Number(BigInt(refusedAt as string) - requestedAt) / 1e6)
      sinceAnswer.push(Number(BigInt(refusedAt as string) - answeredAt) / 1e6)
    }
  }
  const figures = (samples: number[]) => {
    const [p99, max] = percentiles(samples, [99, 100]) as [number, number]
    return { median_ms: round(median(samples)), p99_ms: round(p99), max_ms: round(max) }
  }
  return [
    { name: "from the logout's request to the refusal", figures: figures(sinceRequest) },
    {
      name: "from the logout's answer to the refusal (negative: refused before it was answered)",
      figures: figures(sinceAnswer),
      goal: { figure: 'p99_ms', atMost: 10 }
    },
    { name: 'the logout itself', figures: figures(logouts) }
  ]
}

async function tellAll(verifiers: ChildProcess[], id: string, token: string): Promise<void> {
  const told = Promise.all(verifiers.map((verifier) => report(verifier, id, 'acceptedOnce')))
  for (const verifier of verifiers) verifier.send({ id, token })
  await told
}

function report(verifier: ChildProcess, id: string, member: keyof Report): Promise<Report> {
  return new Promise((resolve, reject) => {
    const overdue = setTimeout(() => reject(new Error(`no "${member}" for ${id} within 10 s`)), 10_000)
    const listen = (message: Report) => {
      if (message.error !== undefined) reject(new Error(message.error))
      if (message.id !== id || message[member] === undefined) return
      clearTimeout(overdue)
      verifier.off('message', listen)
      resolve(message)
    }
    verifier.on('message', listen)
  })
}
