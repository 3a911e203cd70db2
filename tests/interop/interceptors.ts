/** What applications put in front of their requests: on 401 each refreshes with the newest token in its store, and tries again. */
import type { TokenResponse } from '@countersign/oauth'
import axios from 'axios'
import { createAuthRefresh } from 'axios-auth-refresh'
import { InMemoryWebStorage, User, UserManager, WebStorageStateStore } from 'oidc-client-ts'
import * as openid from 'openid-client'

/** Requests the API as the application does. @returns the status; it rejects when a response was lost on the way */
export type Application = () => Promise<number>

export interface Interceptor {
  readonly name: string
  /** @param url where both the issuer and the API are */
  start(url: string, tokens: TokenResponse): Promise<Application>
}

const clientId = 'countersign'

export const interceptors: readonly Interceptor[] = [
  {
    name: 'axios with axios-auth-refresh, in two tabs with one store',
    async start(url, tokens) {
      const store = { ...tokens }
      const tabs = [1, 2].map(() => {
        const tab = axios.create({ baseURL: url })
        tab.interceptors.request.use((config) => {
          config.headers.Authorization = `Bearer ${store.access_token}`
          return config
        })
        // Its types are those of the CommonJS build of axios.
        createAuthRefresh(tab as never, async () => {
          const { data } = await axios.post<TokenResponse>(`${url}/auth/refresh`, {
            refresh_token: store.refresh_token
          })
          Object.assign(store, data)
        })
        return tab
      })
      let next = 0
      return async () => {
        const tab = tabs[next++ % tabs.length] as (typeof tabs)[0]
        return (await tab.get('/api')).status
      }
    }
  },
  {
    name: 'a hand-written wrapper of fetch',
    async start(url, tokens) {
      let store = { ...tokens }
      const call = () => fetch(`${url}/api`, { headers: { Authorization: `Bearer ${store.access_token}` } })
      return async () => {
        const first = await call()
        if (first.status !== 401) return first.status
        const response = await fetch(`${url}/auth/refresh`, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify({ refresh_token: store.refresh_token })
        })
        if (!response.ok) return response.status
        store = (await response.json()) as TokenResponse
        return (await call()).status
      }
    }
  },
  {
    name: 'oidc-client-ts',
    async start(url, tokens) {
      const manager = new UserManager({
        authority: url,
        client_id: clientId,
        redirect_uri: `${url}/callback`,
        metadata: { issuer: url, token_endpoint: `${url}/oauth/token` },
        userStore: new WebStorageStateStore({ store: new InMemoryWebStorage() }),
        stateStore: new WebStorageStateStore({ store: new InMemoryWebStorage() }),
        automaticSilentRenew: false,
        monitorSession: false
      })
      const { access_token, refresh_token, token_type, scope = '' } = tokens
      const profile = { sub: 'user', iss: url, aud: clientId, exp: 0, iat: 0 }
      await manager.storeUser(new User({ access_token, refresh_token, token_type, scope, profile }))
      const call = async () => {
        const user = await manager.getUser()
        return fetch(`${url}/api`, { headers: { Authorization: `Bearer ${user?.access_token}` } })
      }
      return async () => {
        const first = await call()
        if (first.status !== 401) return first.status
        await manager.signinSilent()
        return (await call()).status
      }
    }
  },
  {
    name: 'openid-client',
    async start(url, tokens) {
      const server = { issuer: url, token_endpoint: `${url}/oauth/token` }
      const config = new openid.Configuration(server, clientId, undefined, openid.None())
      openid.allowInsecureRequests(config)
      let store = { access_token: tokens.access_token, refresh_token: tokens.refresh_token }
      const call = () => openid.fetchProtectedResource(config, store.access_token, new URL(`${url}/api`), 'GET')
      return async () => {
        const first = await call().catch(statusOfChallenge)
        if (first.status !== 401) return first.status
        const { access_token, refresh_token = '' } = await openid.refreshTokenGrant(config, store.refresh_token)
        store = { access_token, refresh_token }
        return (await call().catch(statusOfChallenge)).status
      }
    }
  }
]

/** openid-client rejects when a response has a challenge. */
function statusOfChallenge(error: unknown): { status: number } {
  if (error instanceof openid.WWWAuthenticateChallengeError) return { status: error.status }
  throw error
}
