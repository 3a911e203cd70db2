import { say, type TextKey } from '../../texts/say.ts'

/** The issuer's own client: it exists from the start, and cannot be changed. */
export const firstPartyClientId = 'countersign'

/** The terms of the registry in words, by their values on the wire. */
export const authMethodLabels: Record<string, TextKey> = {
  private_key_jwt: 'admin.clients.methods.privateKeyJwt',
  client_secret_basic: 'admin.clients.methods.secretBasic',
  client_secret_post: 'admin.clients.methods.secretPost',
  none: 'admin.clients.methods.public'
}

/** How the client authenticates itself, in words. */
export function labelOfMethod(method: string): string {
  const label = authMethodLabels[method]
  return label ? say(label) : method
}

/** Whether it authenticates itself by a secret. */
export function hasSecret(method: string): boolean {
  return method === 'client_secret_basic' || method === 'client_secret_post'
}

export const grantTypeLabels: Record<string, TextKey> = {
  client_credentials: 'admin.clients.grants.clientCredentials',
  authorization_code: 'admin.clients.grants.code',
  refresh_token: 'admin.clients.grants.refresh',
  'urn:ietf:params:oauth:grant-type:token-exchange': 'admin.clients.grants.exchange'
}
