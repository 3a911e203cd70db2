/** What a browser that an app has sent to the issuer brings and gets. */
import { MethodNotAllowedError, NotFoundError, OAuthError } from '@countersign/oauth'
import type { Context } from 'koa'
import { isOpaqueId, newOpaqueId } from '../../authorization/opaque-ids.ts'
import { type Bytes, sha256 } from '../../hashes.ts'
import { type BrowserResponse, redirectTo } from '../../routing/browser-response.ts'

/** Lifetime of the cookie that names the browser. */
const browserSeconds = 3600

/** The same cookie for all requests of a browser, so that two tabs do not disturb each other. @returns its hash */
export function nameBrowser(issuer: string, ctx: Context): Bytes {
  const name = cookieName(issuer)
  const present = ctx.cookies.get(name)
  const browser = isOpaqueId(present) ? present : newOpaqueId().id
  const secure = issuer.startsWith('https:') ? '; Secure' : ''
  ctx.append('Set-Cookie', `${name}=${browser}; Path=/; Max-Age=${browserSeconds}; HttpOnly; SameSite=Lax${secure}`)
  return sha256(browser)
}

/** @returns the hash of the cookie that names the browser; of one without it, that of no browser */
export function readBrowser(issuer: string, ctx: Context): Bytes {
  const browser = ctx.cookies.get(cookieName(issuer))
  return sha256(isOpaqueId(browser) ? browser : '')
}

/** Browsers keep cookies of all ports of a host together. */
function cookieName(issuer: string): string {
  const { protocol, port } = new URL(issuer)
  return `${protocol === 'https:' ? '__Host-' : ''}countersign-browser${port && `-${port}`}`
}

/** HEAD must change nothing (RFC 9110 §9.2.1), and these addresses are valid once. */
export function refuseHead({ method }: Context): void {
  if (method === 'HEAD') throw new MethodNotAllowedError({ headers: { Allow: 'GET' } })
}

export function* pairsOf(
  form: Readonly<Record<string, string | readonly string[] | undefined>>
): Generator<[string, string]> {
  for (const [name, value] of Object.entries(form)) {
    for (const one of value === undefined ? [] : [value].flat()) yield [name, one]
  }
}

/** Without pages no app can sign users in or out. */
export function requirePages<Deps extends { pagesUrl: string | undefined }>(deps: Deps): Deps & { pagesUrl: string } {
  const { pagesUrl } = deps
  if (pagesUrl === undefined)
    throw new NotFoundError({ description: 'Apps cannot sign users in here: PAGES_URL is not set.' })
  return { ...deps, pagesUrl }
}

/**
 * A browser on this path gets a page, whatever goes wrong.
 * @param errorPath of the page that shows the error
 * @param count is called with the code of an error
 */
export async function inBrowser<Deps extends { pagesUrl: string | undefined }>(
  deps: Deps,
  { errorPath, count }: { errorPath: string; count: (code: string) => void },
  work: (open: Deps & { pagesUrl: string }) => Promise<BrowserResponse>
): Promise<BrowserResponse> {
  const open = requirePages(deps)
  try {
    return await work(open)
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error
    count(error.code)
    const members = { error: error.code, error_description: error.description }
    return redirectTo(withQuery(`${open.pagesUrl}${errorPath}`, members))
  }
}

export function withQuery(url: string, members: Readonly<Record<string, string>>): string {
  return `${url}${url.includes('?') ? '&' : '?'}${new URLSearchParams(members)}`
}

/** For the page alone: the codes say what people can do about it. */
export class PageError extends OAuthError {
  readonly code: string
  readonly status = 400

  constructor(code: 'invalid_client' | 'invalid_redirect_uri' | 'other_browser' | 'request_over', description: string) {
    super(description)
    this.code = code
  }
}
