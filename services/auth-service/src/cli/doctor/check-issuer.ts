/** What a client sees of the issuer: its metadata, its keys and its clock. */
import { endpointOf } from '@countersign/oauth'
import { readBoundedBody } from '@countersign/service-kit'
import { describeDifference, likelyMistakeOf } from '@countersign/verifier'
import { compareClock, type Finding, findingsOf } from './finding.ts'

export interface IssuerFacts {
  readonly findings: readonly Finding[]
  /** The published keys; `undefined` when they could not be fetched. */
  readonly kids?: readonly string[]
}

const timeoutMilliseconds = 5_000
const maxBytes = 256 * 1024

/**
 * @param issuer the value of `ISSUER`
 * @param address where to reach it, when that is not `issuer` itself
 */
export async function checkIssuer(issuer: string, address = issuer): Promise<IssuerFacts> {
  const metadata = findingsOf('metadata')
  const url = endpointOf(address, '/.well-known/oauth-authorization-server')
  const response = await fetchDocument(url)
  if (typeof response === 'string') return { findings: [metadata.failed(response)] }
  const clock =
    response.date === undefined ? [] : [compareClock('issuer_clock', 'the issuer', response.date, Date.now())]
  const { issuer: named, jwks_uri: jwksUri } = response.document
  if (named !== issuer) {
    const text = typeof named === 'string' ? describeDifference(named, issuer) : 'missing'
    return { findings: [metadata.failed(`The issuer in the metadata at ${url} is ${text}.`), ...clock] }
  }
  const found = metadata.ok(`${url} is the metadata of ${issuer}.`)
  // When another address is used, the public one may be unreachable from here.
  const keysAt =
    address === issuer && typeof jwksUri === 'string' ? jwksUri : endpointOf(address, '/.well-known/jwks.json')
  const { finding, kids } = await checkKeys(keysAt)
  return { findings: [found, finding, ...clock], ...(kids === undefined ? {} : { kids }) }
}

async function checkKeys(url: string): Promise<{ finding: Finding; kids?: string[] }> {
  const keys = findingsOf('keys')
  const response = await fetchDocument(url)
  if (typeof response === 'string') return { finding: keys.failed(response) }
  const listed: unknown[] = Array.isArray(response.document.keys) ? response.document.keys : []
  const kids = listed.flatMap((key) => {
    const { kid, kty, use } = (key ?? {}) as Record<string, unknown>
    return typeof kid === 'string' && kty === 'RSA' && use !== 'enc' ? [kid] : []
  })
  if (kids.length === 0) return { finding: keys.failed(`There is no RSA signing key in the key set at ${url}.`) }
  return { finding: keys.ok(`${url} has ${kids.length === 1 ? 'one key' : `${kids.length} keys`}.`), kids }
}

interface FetchedDocument {
  readonly document: Readonly<Record<string, unknown>>
  /** The header `Date`, in milliseconds since 1970. */
  readonly date: number | undefined
}

/** @returns a sentence when the document could not be fetched */
async function fetchDocument(url: string): Promise<FetchedDocument | string> {
  try {
    const signal = AbortSignal.timeout(timeoutMilliseconds)
    const response = await fetch(url, { redirect: 'manual', signal, headers: { Accept: 'application/json' } })
    const location = response.headers.get('Location')
    if (location !== null) {
      return `${url} returns ${response.status}, a redirect to ${location}. Clients do not follow redirects: ISSUER must be the address of the issuer itself.`
    }
    if (response.status !== 200) return `${url} returns ${response.status} instead of 200. Is the path right?`
    const document: unknown = JSON.parse((await readBoundedBody(response.body, maxBytes)).toString())
    if (typeof document !== 'object' || document === null)
      return `${url} responds with something that is not a JSON object.`
    const date = Date.parse(response.headers.get('Date') ?? '')
    return { document: document as Record<string, unknown>, date: Number.isNaN(date) ? undefined : date }
  } catch (error) {
    if (error instanceof SyntaxError) return `${url} responds with something that is not JSON.`
    return `${url} cannot be had: ${likelyMistakeOf(error)}.`
  }
}
