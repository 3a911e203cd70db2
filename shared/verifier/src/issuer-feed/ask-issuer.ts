import type { Fetch } from '../fetch.ts'
import type { RevocableIdentifiers } from '../revocation/feed.ts'
import { readJsonObject } from './read-json-object.ts'

export interface QuestionParts {
  readonly checkUri: string
  readonly token: string | undefined
  readonly fetch: Fetch
  readonly signal: AbortSignal
}

const maxResponseBytes = 4 * 1024

/**
 * Asks the issuer whether one of the identifiers is revoked.
 *
 * @throws when it does not say so in time
 */
export async function askIssuer(parts: QuestionParts, identifiers: RevocableIdentifiers): Promise<boolean> {
  const { checkUri, token, fetch, signal } = parts
  const { jti, sid, kid, actors } = identifiers
  const headers: Record<string, string> = { Accept: 'application/json', 'Content-Type': 'application/json' }
  if (token !== undefined) headers.Authorization = `Bearer ${token}`
  const body = JSON.stringify({ jti, kid, sid, actors })
  const response = await fetch(checkUri, { method: 'POST', headers, body, signal, redirect: 'manual' })
  if (response.status !== 200) throw new Error(`status ${response.status}`)
  const { revoked } = await readJsonObject(response, maxResponseBytes)
  if (typeof revoked !== 'boolean') throw new Error('a response that does not say whether it is revoked')
  return revoked
}
