import type { Context } from 'koa'
import type { KnownBrowser } from '../issuer/issuer-client.ts'
import { createSiteCookie, type SiteCookie } from './site-cookie.ts'

export interface SiteCookies {
  /** Holds the id of the session. */
  readonly session: SiteCookie
  /** Outlives the session: while others guess at the account, its user can still sign in with this browser. */
  readonly device: SiteCookie
  /** Names a sign-in that needs a second factor: so it goes on in this browser alone, and no script sees it. */
  readonly flow: SiteCookie
  /** Names a sign-in by mail: its link and its code are valid in this browser alone. */
  readonly mailFlow: SiteCookie
  /** Outlives the session: the second factor is not asked for in this browser. */
  readonly trustedDevice: SiteCookie
  /** Shows whether the browser accepts cookies at all. */
  readonly probe: SiteCookie
  /** While the browser is at another service to sign in: shows that it is the one that went there. */
  readonly provider: SiteCookie
}

/** The time for which the issuer accepts the token. */
const deviceMaxAgeSeconds = 90 * 86_400
const flowMaxAgeSeconds = 600
const trustedDeviceMaxAgeSeconds = 30 * 86_400
const probeMaxAgeSeconds = 60
/** The lifetime of a transaction of the issuer. */
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
    flow: createSiteCookie({
      publicUrl,
      name: 'countersign-flow',
      sameSite: 'Strict',
      maxAgeSeconds: flowMaxAgeSeconds
    }),
    mailFlow: createSiteCookie({
      publicUrl,
      name: 'countersign-mail-flow',
      sameSite: 'Strict',
      maxAgeSeconds: flowMaxAgeSeconds
    }),
    trustedDevice: createSiteCookie({
      publicUrl,
      name: 'countersign-trusted-device',
      sameSite: 'Strict',
      maxAgeSeconds: trustedDeviceMaxAgeSeconds
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

/** A value of another form is ignored. */
export function readKnownBrowser({ device, trustedDevice }: SiteCookies, ctx: Context): KnownBrowser {
  return { deviceToken: readOpaque(device, ctx), trustedDevice: readOpaque(trustedDevice, ctx) }
}

/** An opaque value of the issuer. */
export function readOpaque(cookie: SiteCookie, ctx: Context): string | undefined {
  const value = cookie.read(ctx)
  return value !== undefined && acceptable.test(value) ? value : undefined
}

export function setOpaque(cookie: SiteCookie, ctx: Context, value: string | undefined): void {
  if (value !== undefined && acceptable.test(value)) cookie.set(ctx, value)
}
