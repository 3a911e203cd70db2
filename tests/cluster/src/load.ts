/** A steady load of refreshes, as browsers and apps make it: many sessions, each refreshed now and then. */
import { Agent } from 'node:http'
import { refresh, register, sendLoadRequest, signIn } from '@countersign/testing/trio'
import { say } from './commands.ts'

export interface LoadOptions {
  readonly authUrl: string
  readonly perSecond: number
  /** Otherwise each request has a connection of its own. */
  readonly keepsConnections?: boolean
}

interface Session {
  refreshToken: string
  isBusy: boolean
}

export interface Counts {
  sent: number
  failed: number
}

export type Load = Awaited<ReturnType<typeof startLoad>>

const users = 2
const sessionsPerUser = 50

/** Signs in, and refreshes until `stop` is called. */
export async function startLoad({ authUrl, perSecond, keepsConnections = false }: LoadOptions) {
  const sessions: Session[] = []
  for (let user = 0; user < users; user++) {
    const credentials = await register(authUrl)
    for (let at = 0; at < sessionsPerUser; at++) {
      sessions.push({ refreshToken: (await signIn(authUrl, credentials)).refresh_token, isBusy: false })
    }
  }
  const agent = keepsConnections ? new Agent({ keepAlive: true, maxSockets: sessions.length }) : false
  const underWay = new Set<Promise<void>>()
  const total: Counts = { sent: 0, failed: 0 }
  let reasons = new Map<string, number>()
  let next = 0

  async function refreshOne(session: Session): Promise<void> {
    session.isBusy = true
    total.sent++
    const { status, body } = await sendLoadRequest({
      method: 'POST',
      url: `${authUrl}/auth/refresh`,
      body: JSON.stringify({ refresh_token: session.refreshToken }),
      agent,
      timeoutMs: 10_000
    })
    if (status === 200) session.refreshToken = JSON.parse(body).refresh_token
    else {
      total.failed++
      const reason = `${status || ''} ${body}`.trim().slice(0, 100)
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
    }
    session.isBusy = false
  }

  /** The next session that waits for no response: two requests of one session at a time would be a test of something else. */
  function tick(): void {
    for (let tried = 0; tried < sessions.length; tried++) {
      const session = sessions[next++ % sessions.length] as Session
      if (session.isBusy) continue
      const refreshing = refreshOne(session).finally(() => underWay.delete(refreshing))
      underWay.add(refreshing)
      return
    }
  }

  // By the clock, since timers come late: the rate holds on average.
  const began = performance.now()
  let ticks = 0
  const timer = setInterval(() => {
    for (const due = ((performance.now() - began) / 1000) * perSecond; ticks < due; ticks++) tick()
  }, 5)
  // A suite that fails in the middle must not go on for ever.
  timer.unref()

  /** Does something under the load. @returns what was sent meanwhile, and how much of it failed */
  async function during(what: string, act: () => Promise<void>): Promise<Counts> {
    const before = { ...total }
    const start = performance.now()
    reasons = new Map()
    await act()
    // What it has set going ends a little later.
    await new Promise((resolve) => setTimeout(resolve, 3_000))
    const counts = { sent: total.sent - before.sent, failed: total.failed - before.failed }
    const seconds = (performance.now() - start) / 1000
    say(
      `${what}: ${describeCounts(counts)} (${Math.round(counts.sent / seconds)} a second for ${Math.round(seconds)} s)`
    )
    for (const [reason, times] of reasons) say(`  ${times} × ${reason}`)
    return counts
  }

  return {
    total,
    during,

    /** Does something under which no refresh may fail. @returns what went wrong */
    async faultsDuring(what: string, act: () => Promise<void>): Promise<string[]> {
      const { sent, failed } = await during(what, act)
      if (sent === 0) return [`${what}: there was no load`]
      return failed > 0 ? [`${what}: ${failed} of ${sent} refreshes failed`] : []
    },

    /** Ends the load, and refreshes each session once more. @returns what went wrong */
    async stop(): Promise<string[]> {
      clearInterval(timer)
      await Promise.all(underWay)
      if (agent) agent.destroy()
      let lost = 0
      for (const { refreshToken } of sessions) if ((await refresh(authUrl, refreshToken)).status !== 200) lost++
      say(`${describeCounts(total)} in all; ${lost} of ${sessions.length} sessions lost`)
      return lost > 0 ? [`${lost} sessions are lost`] : []
    }
  }
}

const describeCounts = ({ sent, failed }: Counts) => `${sent.toLocaleString('en')} refreshes, ${failed} failed`
