import { cookieNames, createBrowserClient, register, signIn, type Trio } from '@countersign/testing/trio'
import type { LoadPlan } from '../load/load-plan.ts'
import { startServer } from '../servers/server-process.ts'

/** A process that was started, and how to be rid of it. */
export interface Started {
  readonly pid: number
  stop(): Promise<void>
}

export interface Ports {
  readonly service: number
  readonly management: number
}

/** What can be started and measured. */
export interface Starter {
  readonly name: string
  /** What `work` does, in words. */
  readonly use: string
  /** What responds with 200 once it can do its work: health has a port of its own. */
  readonly ready: { readonly port: keyof Ports; readonly path: string }
  /** Resolves once it listens at these ports of 127.0.0.1. */
  start(ports: Ports): Promise<Started>
  /** What it is used with. */
  work(origin: string): Promise<Pick<LoadPlan, 'requests' | 'repeat' | 'flow'>>
}

export const connections = 16

const healthAtManagement = { port: 'management', path: '/health/ready' } as const

/** The bare process first. */
export function starters(trio: Trio): Starter[] {
  return [bareKoa, authService(trio), resourceService(trio), bffService(trio)]
}

export const bareKoa: Starter = {
  name: 'a bare Koa process',
  use: 'requests',
  ready: { port: 'service', path: '/' },
  start: ({ service: port }) => startServer({ script: new URL('./bare-koa.js', import.meta.url), options: { port } }),
  work: async () => ({ requests: [{ path: '/' }], repeat: true })
}

function authService(trio: Trio): Starter {
  return {
    name: 'auth-service',
    use: 'refreshes',
    ready: healthAtManagement,
    start: (ports) => trio.startAuth(variables(ports)).then(processOf),
    async work(origin) {
      const user = await register(origin)
      const sessions: string[] = []
      for (let i = 0; i < connections; i++) sessions.push((await signIn(origin, user)).refresh_token)
      return { flow: { module: new URL('./refresh-flow.js', import.meta.url).href, data: sessions } }
    }
  }
}

function resourceService(trio: Trio): Starter {
  return {
    name: 'resource-service',
    use: 'requests to `/me`',
    ready: healthAtManagement,
    start: (ports) => trio.startResource(variables(ports)).then(processOf),
    async work() {
      const { access_token: token } = await signIn(trio.auth.url, await register(trio.auth.url))
      return { requests: [{ path: '/me', headers: { Authorization: `Bearer ${token}` } }], repeat: true }
    }
  }
}

function bffService(trio: Trio): Starter {
  return {
    name: 'bff-service',
    use: 'requests to `/api/me` by a signed-in browser',
    ready: healthAtManagement,
    start: (ports) =>
      trio.startBff({ ...variables(ports), PUBLIC_URL: `http://127.0.0.1:${ports.service}` }).then(processOf),
    async work(origin) {
      const browser = createBrowserClient(origin)
      await browser.signIn(await register(trio.auth.url))
      const headers = { Cookie: `${cookieNames(origin).session}=${browser.cookie}`, 'Sec-Fetch-Site': 'same-origin' }
      return { requests: [{ path: '/api/me', headers }], repeat: true }
    }
  }
}

function variables({ service, management }: Ports): Record<string, string> {
  return { PORT: String(service), MANAGEMENT_PORT: String(management) }
}

function processOf(service: Awaited<ReturnType<Trio['startAuth']>>): Started {
  return { pid: service.process.pid as number, stop: () => service.stop() }
}
