/** Clients of replicas behind a load balancer. */
import { Agent } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { register, type ServiceProcess, sendLoadRequest, signIn, usedSecrets } from '@countersign/testing/trio'
import { vi } from 'vitest'

export type BalancedName = 'auth' | 'resource'
export type Balanced<T> = Record<BalancedName, T>
export interface BalancerPorts extends Balanced<number> {
  /** Where the balancer says what it knows of the replicas. */
  statistics: number
}

/** A simple load balancer: it checks readiness twice a second, and does not repeat requests. */
export const balancerConfiguration = (ports: BalancerPorts, replicas: Balanced<readonly ServiceProcess[]>) => `
  defaults
    mode http
    timeout connect 2s
    timeout client 60s
    timeout server 60s
    retries 0
    option httpchk GET /health/ready
    timeout check 2s
    default-server inter 500ms fall 2 rise 1
  listen statistics
    bind 127.0.0.1:${ports.statistics}
    stats enable
    stats uri /
  ${(['auth', 'resource'] as const)
    .map(
      (name) => `
  listen ${name}
    bind 127.0.0.1:${ports[name]}
    ${replicas[name]
      .map(
        ({ url, managementUrl }, at) =>
          `server ${name}${at} ${new URL(url).host} check port ${new URL(managementUrl).port}`
      )
      .join('\n    ')}`
    )
    .join('\n')}
`

/** Waits until the balancer has seen that each replica is ready. */
export async function untilBalanced(statisticsPort: number): Promise<void> {
  const areUp = async () => {
    const response = await fetch(`http://127.0.0.1:${statisticsPort}/;csv`)
    const [names = [], ...rows] = (await response.text()).split('\n').map((line) => line.split(','))
    const servers = rows.filter(([, server = '']) => /^(?:auth|resource)\d/.test(server))
    return servers.length > 0 && servers.every((row) => row[names.indexOf('status')] === 'UP')
  }
  await vi.waitUntil(areUp, { timeout: 30_000, interval: 100 })
}

export interface BalancedLoad {
  readonly ports: Balanced<number>
  readonly sessions: number
  /** How many requests at least. */
  readonly requests: number
  /** Whether each request takes a connection of its own. Default: no. */
  readonly closesConnections?: boolean
  /** What happens under the load, which goes on until it is done. */
  during(): Promise<void>
}

/** Each session verifies its token three times, and refreshes it, and so on. */
export async function sendBalanced({ ports, sessions, requests, closesConnections = false, during }: BalancedLoad) {
  const agent = new Agent(closesConnections ? { keepAlive: false } : { keepAlive: true, maxSockets: sessions })
  const failures: string[] = []
  let sent = 0
  let isDone = false
  // One after another: their hashing is no part of the load.
  const signedIn: Awaited<ReturnType<typeof signIn>>[] = []
  const authUrl = `http://127.0.0.1:${ports.auth}`
  const resourceUrl = `http://127.0.0.1:${ports.resource}`
  for (let i = 0; i < sessions; i++) signedIn.push(await signIn(authUrl, await register(authUrl)))

  const load = async ({ access_token, refresh_token }: (typeof signedIn)[number]) => {
    while (sent < requests || !isDone) {
      sent += 4
      for (let i = 0; i < 3; i++) {
        const me = await sendLoadRequest({ agent, method: 'GET', url: `${resourceUrl}/me`, token: access_token })
        if (me.status !== 200) failures.push(`/me ${me.status} ${me.body}`)
      }
      const refreshed = await sendLoadRequest({
        agent,
        method: 'POST',
        url: `${authUrl}/auth/refresh`,
        body: JSON.stringify({ refresh_token })
      })
      if (refreshed.status !== 200) {
        failures.push(`refresh ${refreshed.status} ${refreshed.body}`)
        return
      }
      ;({ access_token, refresh_token } = JSON.parse(refreshed.body))
      usedSecrets.add(access_token).add(refresh_token)
      await delay(100)
    }
  }
  const work = during().finally(() => {
    isDone = true
  })
  await Promise.all([work, ...signedIn.map(load)])
  agent.destroy()
  return { sent, failures }
}
