/** A mail server, and how to reach it. */
export interface SmtpServer {
  readonly host: string
  readonly port: number
  readonly credentials: { readonly user: string; readonly pass: string } | undefined
  /** `implicit` from the first byte (RFC 8314), `starttls` required (RFC 3207), or `none`. */
  readonly tls: 'implicit' | 'starttls' | 'none'
}

/** The rule of {@link parseSmtpUrl}. */
export const smtpUrlRule =
  'a URL such as smtps://user:password@host or smtp://user:password@host:587; smtp requires STARTTLS, except on loopback or with ?tls=never'

const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

/** @returns `undefined` when it is none */
export function parseSmtpUrl(text: string): SmtpServer | undefined {
  if (!URL.canParse(text)) return undefined
  const { protocol, hostname, port, username, password, pathname, searchParams, hash } = new URL(text)
  if (!['smtp:', 'smtps:'].includes(protocol) || hostname === '' || hash !== '' || !['', '/'].includes(pathname))
    return undefined
  const { tls: asked, ...others } = Object.fromEntries(searchParams)
  if (Object.keys(others).length > 0 || (asked !== undefined && !/^(required|never)$/.test(asked))) return undefined
  if (protocol === 'smtps:' && asked === 'never') return undefined
  const credentials = decodeCredentials(username, password)
  if (credentials === 'malformed') return undefined
  const isPlain = asked === 'never' || (asked === undefined && loopback.test(hostname))
  const tls = protocol === 'smtps:' ? 'implicit' : isPlain ? 'none' : 'starttls'
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port) || (tls === 'implicit' ? 465 : 587),
    credentials,
    tls
  }
}

function decodeCredentials(username: string, password: string): SmtpServer['credentials'] | 'malformed' {
  if (username === '') return password === '' ? undefined : 'malformed'
  try {
    return { user: decodeURIComponent(username), pass: decodeURIComponent(password) }
  } catch {
    return 'malformed'
  }
}
