import type { Context } from 'koa'
import { createSiteCookie, type SiteCookie } from './site-cookie.ts'

export interface SiteCookies {
  /** Holds the id of the session. */
  readonly session: SiteCookie
  /** Outlives the session: while others guess at the account, its user can still sign in with this browser. */
  readonly device: SiteCookie
  /** Shows whether the browser accepts cookies at all. */
  readonly probe: SiteCookie
  /** While the browser is at another service to sign in: shows that it is the one that went there. */
  readonly provider: SiteCookie
}

/** As long as the issuer accepts the token. */
const deviceMaxAgeSeconds = 90 * 86_400
const probeMaxAgeSeconds = 60
/** As long as a transaction of the issuer. */
const providerMaxAgeSeconds = 600

export function createSiteCookies({
  publicUrl,
  sessionAbsoluteSeconds
}: {
  publicUrl: string
  sessionAbsoluteSeconds: number
}): SiteCookies {
  return {
    session: createSiteCookie({
      publicUrl,
      name: 'countersign',
      sameSite: 'Strict',
      maxAgeSeconds: sessionAbsoluteSeconds
    }),
    device: createSiteCookie({
      publicUrl,
      name: 'countersign-device',
      sameSite: 'Lax',
      maxAgeSeconds: deviceMaxAgeSeconds
    }),
    probe: createSiteCookie({
      publicUrl,
      name: 'countersign-probe',
      sameSite: 'Strict',
      maxAgeSeconds: probeMaxAgeSeconds
    }),
    provider: createSiteCookie({
      publicUrl,
      name: 'countersign-provider',
      sameSite: 'Lax',
      maxAgeSeconds: providerMaxAgeSeconds
    })
  }
}

const acceptable = /^[\w.-]{1,512}$/

/** The device token that a browser sends; a value of another form is ignored. */
export function readDeviceToken({ device }: SiteCookies, ctx: Context): string | undefined {
  const value = device.read(ctx)
  return value !== undefined && acceptable.test(value) ? value : undefined
}

export function setDeviceToken({ device }: SiteCookies, ctx: Context, token: string | undefined): void {
  if (token !== undefined && acceptable.test(token)) device.set(ctx, token)
}
