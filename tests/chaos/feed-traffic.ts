/** Sends good and revoked tokens to every verifier all the time, and checks the responses afterwards. */
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
  answeredAt: number
  /** How long after that a request may still be answered 200. */
  readonly boundMs: number
}

/** A verifier of tokens: returns an HTTP status. */
export interface Judge {
  readonly name: string
  /** Milliseconds between two questions. */
  readonly pauseMs: number
  ask(accessToken: string): Promise<number>
}

export interface Answer {
  readonly judge: string
  readonly session: Session
  readonly askedAt: number
  readonly answeredAt: number
  readonly status: number
}

export interface Traffic {
  readonly answers: readonly Answer[]
  add(judge: Judge): void
  /** Stops, and waits for the last responses. */
  stop(): Promise<void>
}

/** Every other question about revoked sessions is about one of these: they are where a late entry shows. */
const newest = 4
const inTurn = (group: readonly Session[], round: number) => group[round % group.length]

/** Starts to ask, in turn, about a session that is good and about one that is revoked. */
export function startTraffic(judges: readonly Judge[], sessions: () => readonly Session[]): Traffic {
  const answers: Answer[] = []
  const asking: Promise<void>[] = []
  let isStopped = false

  const ask = async ({ name: judge, ask }: Judge, session: Session) => {
    const askedAt = performance.now()
    const status = await ask(session.accessToken)
    answers.push({ judge, session, askedAt, answeredAt: performance.now(), status })
  }
  const askOn = async (judge: Judge) => {
    for (let round = 0; !isStopped; round++) {
      const [good, revoked] = [false, true].map((isRevoked) =>
        sessions().filter(({ revocation }) => (revocation !== undefined) === isRevoked)
      ) as [Session[], Session[]]
      for (const session of [inTurn(good, round), inTurn(round % 2 ? revoked.slice(-newest) : revoked, round >> 1)]) {
        if (session) await ask(judge, session)
      }
      await delay(judge.pauseMs)
    }
  }
  const add = (judge: Judge) => {
    const asked = askOn(judge)
    // `stop` rejects then.
    asked.catch(() => {})
    asking.push(asked)
  }
  judges.forEach(add)
  return {
    answers,
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
  /** How long after a revocation this answer may still be 200. */
  readonly boundOf: (answer: Answer, revocation: Revocation) => number
}

/** The violations: each as a sentence, for a failure that explains itself. */
export function violationsIn(answers: readonly Answer[], { faultFrom, recoveredBy, boundOf }: Period): string[] {
  const violations = new Map<string, string>()
  /** One sentence for each kind, verifier and session is enough. */
  const report = ({ judge, session }: Answer, what: string, detail: string) => {
    const key = `${judge} ${what} ${session.sid}`
    if (!violations.has(key)) violations.set(key, `${judge} ${what} (${detail})`)
  }
  for (const answer of answers) {
    const { session, status, askedAt, answeredAt } = answer
    const { revocation } = session
    const at = `${Math.round(askedAt - faultFrom)} ms into the fault`
    if (![200, 401, 503].includes(status)) report(answer, `answered ${status}`, at)
    if (status === 401 && (revocation === undefined || answeredAt < revocation.sentAt)) {
      report(answer, 'answered 401 for a good token', at)
    }
    if (status === 200 && revocation) {
      const [late, boundMs] = [Math.round(askedAt - revocation.answeredAt), boundOf(answer, revocation)]
      if (late > boundMs) {
        report(answer, 'accepted a revoked token', `${late} ms after its revocation, bound ${boundMs}, ${at}`)
      }
    }
    if (status === 503 && !(askedAt >= faultFrom && askedAt <= recoveredBy)) {
      report(answer, 'answered 503 in quiet times', `${at}, recovered at ${Math.round(recoveredBy - faultFrom)}`)
    }
  }
  return [...violations.values()]
}
