/** docs/examples/countersign_follower.py as a process: the endpoint that nginx's auth_request asks. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { childEnvironment } from '@countersign/testing'
import { vi } from 'vitest'

/** Debian's Python, whatever else is in the PATH. */
export const python = '/usr/bin/python3'
const program = fileURLToPath(new URL('../../docs/examples/countersign_follower.py', import.meta.url))

export const canRunFollower = spawnSync(python, ['-c', 'import cryptography, jwt, redis']).status === 0

export interface FollowerProcess {
  readonly url: string
  /** Presents a token, and returns the status: 204 for a valid one. */
  ask(token: string): Promise<number>
  stop(): Promise<void>
}

export interface FollowerSettings {
  readonly issuer: string
  readonly audience: string
  readonly redisUrl: string
  readonly jwksUrl?: string
  readonly maxStalenessSeconds?: number
  readonly whenStale?: 'reject' | 'allow'
}

/** Starts it on a port of its own; what it has read by then is not certain. */
export async function startFollower(settings: FollowerSettings): Promise<FollowerProcess> {
  const { issuer, audience, redisUrl, jwksUrl, maxStalenessSeconds = 5, whenStale } = settings
  const child = spawn(python, [program], {
    env: childEnvironment({
      ISSUER: issuer,
      AUDIENCE: audience,
      REDIS_URL: redisUrl,
      JWKS_URL: jwksUrl,
      MAX_STALENESS_SECONDS: String(maxStalenessSeconds),
      WHEN_STALE: whenStale,
      PORT: '0'
    }),
    stdio: ['ignore', 'pipe', 'pipe']
  })
  const url = await addressOf(child)
  return {
    url,
    ask: async (token) => (await fetch(url, { headers: { Authorization: `Bearer ${token}` } })).status,
    async stop() {
      if (child.exitCode === null && child.kill('SIGTERM')) await once(child, 'exit')
    }
  }
}

async function addressOf(child: ChildProcess): Promise<string> {
  let output = ''
  const collect = (text: string) => {
    output += text
  }
  child.stdout?.setEncoding('utf8').on('data', collect)
  child.stderr?.setEncoding('utf8').on('data', collect)
  const found = () => {
    if (child.exitCode !== null) throw new Error(`the follower has ended: ${output}`)
    return /^listening on (\S+)/m.exec(output)?.[1]
  }
  return (await vi.waitUntil(found, { timeout: 15_000, interval: 20 })) as string
}
