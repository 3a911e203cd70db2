/** Sends valid and revoked tokens to every verifier all the time, and checks the responses afterwards. */
import { setTimeout as delay } from 'node:timers/promises'

/** A session, by its access token. */
export interface Session {
  readonly accessToken: string
  readonly sid: string
  revocation?: Revocation
}

/** Moments are by the test's monotonic clock, in milliseconds. */
export interface Revocation {
  readonly sentAt: number
  /** When the revoking call had returned: from then on the bound counts. */
  respondedAt: number
  /** How long after that a request may still get 200. */
  readonly boundMs: number
}

/** A verifier of tokens: returns an HTTP status. */
export interface Observer {
  readonly name: string
  /** Milliseconds between two questions. */
  readonly pauseMs: number
  ask(accessToken: string): Promise<number>
}

export interface ObservedResponse {
  readonly observer: string
  readonly session: Session
  readonly askedAt: number
  readonly respondedAt: number
  readonly status: number
}

export interface Traffic {
  readonly responses: readonly ObservedResponse[]
  add(observer: Observer): void
  /** Stops, and waits for the last responses. */
  stop(): Promise<void>
}

/** Every other question about revoked sessions is about one of these: they are where a late entry shows. */
const newest = 4
const inTurn = (group: readonly Session[], round: number) => group[round % group.length]

/** Starts to ask, in turn, about a session that is valid and about one that is revoked. */
export function startTraffic(observers: readonly Observer[], sessions: () => readonly Session[]): Traffic {
  const responses: ObservedResponse[] = []
  const asking: Promise<void>[] = []
  let isStopped = false

  const ask = async ({ name: observer, ask }: Observer, session: Session) => {
    const askedAt = performance.now()
    const status = await ask(session.accessToken)
    responses.push({ observer, session, askedAt, respondedAt: performance.now(), status })
  }
  const askOn = async (observer: Observer) => {
    for (let round = 0; !isStopped; round++) {
      const [good, revoked] = [false, true].map((isRevoked) =>
        sessions().filter(({ revocation }) => (revocation !== undefined) === isRevoked)
      ) as [Session[], Session[]]
      for (const session of [inTurn(good, round), inTurn(round % 2 ? revoked.slice(-newest) : revoked, round >> 1)]) {
        if (session) await ask(observer, session)
      }
      await delay(observer.pauseMs)
    }
  }
  const add = (observer: Observer) => {
    const asked = askOn(observer)
    // `stop` rejects then.
    asked.catch(() => {})
    asking.push(asked)
  }
  observers.forEach(add)
  return {
    responses,
    add,
    async stop() {
      isStopped = true
      await Promise.all(asking)
    }
  }
}

export interface Period {
  readonly faultFrom: number
  readonly recoveredBy: number
  /** How long after a revocation this response may still be 200. */
  readonly boundOf: (response: ObservedResponse, revocation: Revocation) => number
}

/** The violations: each as a sentence, for a failure that explains itself. */
export function violationsIn(
  responses: readonly ObservedResponse[],
  { faultFrom, recoveredBy, boundOf }: Period
): string[] {
  const violations = new Map<string, string>()
  /** One sentence for each kind, verifier and session is enough. */
  const report = ({ observer, session }: ObservedResponse, what: string, detail: string) => {
    const key = `${observer} ${what} ${session.sid}`
    if (!violations.has(key)) violations.set(key, `${observer} ${what} (${detail})`)
  }
  for (const response of responses) {
    const { session, status, askedAt, respondedAt } = response
    const { revocation } = session
    const at = `${Math.round(askedAt - faultFrom)} ms into the fault`
    if (![200, 401, 503].includes(status)) report(response, `responded with ${status}`, at)
    if (status === 401 && (revocation === undefined || respondedAt < revocation.sentAt)) {
      report(response, 'responded with 401 for a valid token', at)
    }
    if (status === 200 && revocation) {
      const [late, boundMs] = [Math.round(askedAt - revocation.respondedAt), boundOf(response, revocation)]
      if (late > boundMs) {
        report(response, 'accepted a revoked token', `${late} ms after its revocation, bound ${boundMs}, ${at}`)
      }
    }
    if (status === 503 && !(askedAt >= faultFrom && askedAt <= recoveredBy)) {
      report(
        response,
        'responded with 503 in quiet times',
        `${at}, recovered at ${Math.round(recoveredBy - faultFrom)}`
      )
    }
  }
  return [...violations.values()]
}
