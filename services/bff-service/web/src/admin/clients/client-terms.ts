/** The issuer's own client: it exists from the start, and cannot be changed. */
export const firstPartyClientId = 'countersign'

/** The terms of the registry in words, by their values on the wire. */
export const authMethodLabels: Record<string, string> = {
  private_key_jwt: 'Signed assertion (private_key_jwt)',
  client_secret_basic: 'Secret (client_secret_basic)',
  none: 'None: a public client'
}

export const grantTypeLabels: Record<string, string> = {
  client_credentials: 'Client credentials',
  refresh_token: 'Refresh token',
  'urn:ietf:params:oauth:grant-type:token-exchange': 'Token exchange (RFC 8693)'
}
