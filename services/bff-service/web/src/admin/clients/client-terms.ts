/** The issuer's own client: it exists from the start, and cannot be changed. */
export const firstPartyClientId = 'countersign'

/** The terms of the registry in words, by their values on the wire. */
export const authMethodLabels: Record<string, string> = {
  private_key_jwt: 'Signed assertion (private_key_jwt)',
  client_secret_basic: 'Secret (client_secret_basic)',
  client_secret_post: 'Secret in the body (client_secret_post)',
  none: 'None: a public client'
}

/** Whether it authenticates itself by a secret. */
export function hasSecret(method: string): boolean {
  return method === 'client_secret_basic' || method === 'client_secret_post'
}

export const grantTypeLabels: Record<string, string> = {
  client_credentials: 'Client credentials',
  authorization_code: 'Authorization code: users sign in to it',
  refresh_token: 'Refresh token',
  'urn:ietf:params:oauth:grant-type:token-exchange': 'Token exchange (RFC 8693)'
}
