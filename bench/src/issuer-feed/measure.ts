/**
 * Measures the feed over HTTP against an issuer that runs already, such as `npm start`:
 * `node bench/dist/issuer-feed/measure.js <issuer> <audience> <pid of the issuer> <user> <password>`.
 */
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { type AccessTokenVerifier, createAccessTokenVerifier, issuerRevocations } from '@countersign/verifier'

const [issuer = '', audience = '', pid = '', username = '', password = ''] = process.argv.slice(2)
const rounds = 200
const streams = 500
const restMs = 20_000
/** The kernel counts processor time in hundredths of a second. */
const ticksPerSecond = 100
const say = (line: string) => process.stdout.write(`${line}\n`)

async function signIn(): Promise<string> {
  const response = await fetch(`${issuer}/auth/login`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ username, password })
  })
  const { access_token: token } = (await response.json()) as { access_token?: string }
  if (token === undefined) throw new Error(`sign-in responded with ${response.status}`)
  return token
}

async function isRejected(verifier: AccessTokenVerifier, token: string): Promise<boolean> {
  try {
    await verifier.check(token)
    return false
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_TOKEN_REVOKED') return true
    throw error
  }
}

/** From the request of the logout until every verifier rejects the token, in milliseconds. */
async function revokeToReject(verifiers: readonly AccessTokenVerifier[]): Promise<number> {
  const token = await signIn()
  await Promise.all(verifiers.map((verifier) => verifier.verify(token)))
  const sentAt = performance.now()
  const logout = fetch(`${issuer}/auth/logout`, { method: 'POST', headers: { Authorization: `Bearer ${token}` } })
  // Asked each millisecond: to ask without a pause would take a core from the issuer and its Postgres.
  for (const verifier of verifiers) while (!(await isRejected(verifier, token))) await delay(1)
  const rejectedAt = performance.now()
  await logout
  return rejectedAt - sentAt
}

function processorSeconds(): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}

async function shareOfCore(): Promise<number> {
  const [before, from] = [processorSeconds(), performance.now()]
  await delay(restMs)
  return ((processorSeconds() - before) / (performance.now() - from)) * 1000
}

async function measurePropagation(): Promise<void> {
  const verifiers = Array.from({ length: 10 }, () =>
    createAccessTokenVerifier({ issuer, audience, revocations: issuerRevocations() })
  )
  await Promise.all(verifiers.map((verifier) => verifier.ready()))
  const times: number[] = []
  for (let round = 0; round < rounds; round++) times.push(await revokeToReject(verifiers))
  times.sort((one, other) => one - other)
  const quantile = (share: number) => times[Math.floor(share * (times.length - 1))]?.toFixed(1)
  say(`revoke to reject, ten verifiers, ${rounds} logouts: median ${quantile(0.5)} ms, p99 ${quantile(0.99)} ms`)
  await Promise.all(verifiers.map((verifier) => verifier.close()))
}

async function measureRest(): Promise<void> {
  say(`processor at rest, no stream: ${((await shareOfCore()) * 100).toFixed(1)} % of a core`)
  const abort = new AbortController()
  let open = 0
  const follow = async (at: number) => {
    const response = await fetch(`${issuer}/revocations/feed?nonce=${at}`, { signal: abort.signal })
    if (response.status !== 200) throw new Error(`a stream responded with ${response.status}`)
    open++
    for await (const _ of response.body ?? []) if (abort.signal.aborted) return
    open--
  }
  const following = Array.from({ length: streams }, (_, at) => follow(at).catch(() => {}))
  await delay(5000)
  const share = await shareOfCore()
  if (open !== streams) throw new Error(`only ${open} of ${streams} streams were open`)
  say(`processor at rest, ${streams} streams: ${(share * 100).toFixed(1)} % of a core`)
  abort.abort()
  await Promise.all(following)
}

await measurePropagation()
await measureRest()
