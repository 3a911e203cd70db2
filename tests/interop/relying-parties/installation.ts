/** What a relying party needs to know of an installation, whichever it is: where it is, a user, and a client of its own. */
import { randomUUID } from 'node:crypto'
import { type Credentials, createClient, get, post, register, send, signIn } from '@countersign/testing/trio'

export interface Installation {
  readonly issuer: string
  /** An API that responds to `GET /me` with the caller. */
  readonly api: string
  readonly user: Credentials & { readonly id: string }
  /** An access token with which the pages would act for the user. */
  userToken(): Promise<string>
  newClient(client: Record<string, unknown>): Promise<{ client_id: string; client_secret: string }>
  /** Registers an API with a scope that all users hold. */
  newApi(identifier: string, scope: string): Promise<void>
}

export async function openInstallation(issuer: string, api: string, admin: Credentials): Promise<Installation> {
  const user = await register(issuer)
  const tokenOf = async (credentials: Credentials) => (await signIn(issuer, credentials)).access_token
  return {
    issuer,
    api,
    user,
    userToken: () => tokenOf(user),
    newClient: async (client) =>
      createClient(issuer, await tokenOf(admin), {
        client_id: `app-${randomUUID()}`,
        name: 'The app',
        token_endpoint_auth_method: 'client_secret_basic',
        grant_types: ['authorization_code', 'refresh_token'],
        scopes: [],
        audiences: [api],
        ...client
      }),
    async newApi(identifier, scope) {
      const token = await tokenOf(admin)
      const role = `${issuer}/admin/roles/user`
      const scopes = [{ name: scope, description: `May ${scope}` }]
      await expectSuccess(post(`${issuer}/admin/apis`, { identifier, name: 'The API', scopes }, token))
      const { body } = await get<{ scopes: object[] }>(role, token)
      const held = [...body.scopes, { api: identifier, scope }]
      const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }
      await expectSuccess(send(role, { method: 'PATCH', headers, body: JSON.stringify({ scopes: held }) }))
    }
  }
}

async function expectSuccess(response: ReturnType<typeof send>): Promise<void> {
  const { status, body } = await response
  if (status >= 300) throw new Error(`${status}: ${JSON.stringify(body)}`)
}
