import { createBrowserClient, register, signIn, type Trio } from '@countersign/testing/trio'
import type { LoadPlan } from '../load/load-plan.ts'
import { startServer } from '../servers/server-process.ts'

/** A process that was started, and how to be rid of it. */
export interface Started {
  readonly pid: number
  stop(): Promise<void>
}

/** What can be started and measured. */
export interface Starter {
  readonly name: string
  /** What `work` does, in words. */
  readonly use: string
  /** What answers 200 once it can do its work. */
  readonly readyPath: string
  /** Resolves once it listens at this port of 127.0.0.1. */
  start(port: number): Promise<Started>
  /** What it is used with. */
  work(origin: string): Promise<Pick<LoadPlan, 'requests' | 'repeat' | 'flow'>>
}

export const connections = 16

/** The bare process first. */
export function starters(trio: Trio): Starter[] {
  return [bareKoa, authService(trio), resourceService(trio), bffService(trio)]
}

export const bareKoa: Starter = {
  name: 'a bare Koa process',
  use: 'requests',
  readyPath: '/',
  start: (port) => startServer({ script: new URL('./bare-koa.js', import.meta.url), options: { port } }),
  work: async () => ({ requests: [{ path: '/' }], repeat: true })
}

function authService(trio: Trio): Starter {
  return {
    name: 'auth-service',
    use: 'refreshes',
    readyPath: '/health/ready',
    start: (port) => trio.startAuth({ PORT: String(port) }).then(processOf),
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
    readyPath: '/health/ready',
    start: (port) => trio.startResource({ PORT: String(port) }).then(processOf),
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
    readyPath: '/health/ready',
    start: (port) => trio.startBff({ PORT: String(port), PUBLIC_URL: `http://127.0.0.1:${port}` }).then(processOf),
    async work(origin) {
      const browser = createBrowserClient(origin)
      await browser.signIn(await register(trio.auth.url))
      const headers = { Cookie: `__Host-countersign=${browser.cookie}`, 'Sec-Fetch-Site': 'same-origin' }
      return { requests: [{ path: '/api/me', headers }], repeat: true }
    }
  }
}

function processOf(service: Awaited<ReturnType<Trio['startAuth']>>): Started {
  return { pid: service.process.pid as number, stop: () => service.stop() }
}
