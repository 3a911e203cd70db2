import { randomUUID } from 'node:crypto'
import { setImmediate as breathe } from 'node:timers/promises'
import type { TestIssuer } from '@countersign/testing'
import type { RequestSpec } from '../load/load-plan.ts'

/** A GET with a token, the same for every contestant. */
export function requestWith(token: string): RequestSpec {
  return { path: '/', headers: { Authorization: `Bearer ${token}` } }
}

/** Different valid tokens of different sessions, each for an hour. Half a millisecond each. */
export async function mintRequests(
  issuer: TestIssuer,
  count: number,
  onProgress: (done: number) => void
): Promise<RequestSpec[]> {
  const requests: RequestSpec[] = []
  const exp = Math.floor(Date.now() / 1000) + 3600
  for (let i = 0; i < count; i++) {
    requests.push(requestWith(issuer.mint({ exp, sid: randomUUID() })))
    if (i % 100 > 0) continue
    // This process also serves the requests for the key set.
    await breathe()
    if (i % 10_000 === 0 && i > 0) onProgress(i)
  }
  return requests
}
