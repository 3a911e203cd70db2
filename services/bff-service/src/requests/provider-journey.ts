import type { Context } from 'koa'
import type { SiteCookies } from './site-cookies.ts'

export const journeyPurposes = ['sign_in', 'link', 'step_up'] as const
export type JourneyPurpose = (typeof journeyPurposes)[number]

/** A browser that is at another service, as its cookie says. */
export interface ProviderJourney {
  /** The secret of the transaction: only the browser that began it has it. */
  readonly transaction: string
  readonly purpose: JourneyPurpose
  /** A path of this origin. */
  readonly returnPath: string
}

export function setJourney(
  { provider }: SiteCookies,
  ctx: Context,
  { transaction, purpose, returnPath }: ProviderJourney
): void {
  provider.set(ctx, [transaction, purpose, Buffer.from(returnPath).toString('base64url')].join('.'))
}

export function readJourney({ provider }: SiteCookies, ctx: Context): ProviderJourney | undefined {
  const [, transaction, purpose, path] =
    /^([\w-]{43})\.(sign_in|link|step_up)\.([\w-]*)$/.exec(provider.read(ctx) ?? '') ?? []
  if (transaction === undefined || path === undefined) return undefined
  return {
    transaction,
    purpose: purpose as JourneyPurpose,
    returnPath: pageOf(Buffer.from(path, 'base64url').toString())
  }
}

/**
 * @returns a path of this origin, `/` for anything else: neither another origin (`//host`, `/\host`) nor a text that browsers turn into
 *   one
 */
export function pageOf(path = '/'): string {
  const [beforeQuery = ''] = path.split(/[?#]/)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: browsers drop some of them, and "/\t/host" becomes "//host"
  const isLocal = beforeQuery.startsWith('/') && !beforeQuery.includes('//') && !/[\\\u0000-\u001f\u007f]/.test(path)
  return isLocal ? path : '/'
}
