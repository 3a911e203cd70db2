/** One session: each refresh uses the token that the one before it brought. */
import type { FlowFactory } from '../load/load-plan.ts'

const createFlow: FlowFactory = (data) => {
  let refreshToken = data as string
  return {
    next: () => ({
      method: 'POST',
      path: '/auth/refresh',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ refresh_token: refreshToken })
    }),
    onResponse({ status, body }) {
      if (status === 200) refreshToken = (JSON.parse(body) as { refresh_token: string }).refresh_token
    }
  }
}

export default createFlow
