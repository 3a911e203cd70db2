/** A session of the load generator: each refresh uses the token from the one before. */
import type { FlowFactory } from '../load/load-plan.ts'
import type { TokenRequest } from './issuer-peer.ts'

export interface RefreshFlowData {
  readonly request: TokenRequest
  readonly refreshToken: string
}

const createRefreshFlow: FlowFactory = (data) => {
  const { request, refreshToken } = data as RefreshFlowData
  const [before, after] = request.body.split('{refresh_token}') as [string, string]
  let current = refreshToken
  return {
    next: () => ({ method: 'POST', path: request.path, headers: request.headers, body: before + current + after }),
    onResponse({ status, body }) {
      if (status !== 200) return
      // Cheaper than parsing it all: whatever the client spends, the server does not get.
      const next = /"refresh_token":"([^"]+)"/.exec(body)?.[1]
      if (next === undefined || next === current) throw new Error('the response has no new refresh token')
      current = next
    },
    state: () => current
  }
}

export default createRefreshFlow
