/** What people install it for. */
import { get, post, refresh, register, signIn } from '@countersign/testing/trio'
import { expectThat, until } from './commands.ts'

export interface Addresses {
  readonly auth: string
  readonly resource: string
  readonly bff: string
}

/** Signs in, is recognized, refreshes, logs out and is no longer recognized; the admin sees the dashboard. */
export async function doMainJob({ auth, resource, bff }: Addresses, adminPassword: string): Promise<void> {
  await until(120, async () => {
    const statuses = [await get(`${auth}/.well-known/jwks.json`), await get(`${resource}/me`)].map(
      ({ status }) => status
    )
    expectThat(statuses.join() === '200,401', `the services respond (${statuses})`)
  })
  const user = await register(auth)
  const tokens = await signIn(auth, user)
  // As often as any replica is met.
  for (let at = 0; at < 10; at++) {
    const me = await get(`${resource}/me`, tokens.access_token)
    expectThat(me.status === 200 && me.body.id === user.id, `/me recognizes the user (${me.status})`)
  }
  const refreshed = await refresh(auth, tokens.refresh_token)
  expectThat(refreshed.status === 200, `a session is refreshed (${refreshed.status})`)
  expectThat((await post(`${auth}/auth/logout`, undefined, tokens.access_token)).status === 204, 'a user logs out')
  await new Promise((resolve) => setTimeout(resolve, 100))
  for (let at = 0; at < 10; at++) {
    const { status } = await get(`${resource}/me`, tokens.access_token)
    expectThat(status === 401, `/me rejects the token 100 ms after the logout (${status})`)
  }
  const admin = await signIn(auth, { username: 'admin', password: adminPassword })
  await until(30, async () => {
    const { status } = await get(`${resource}/admin/dashboard`, admin.access_token)
    expectThat(status === 200, `the admin sees the dashboard (${status})`)
  })
  expectThat((await fetch(bff)).status === 200, 'the bff-service serves its pages')
}
