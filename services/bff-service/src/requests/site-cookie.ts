/** The cookies of the site: one name and one set of attributes for each, as its public URL demands. */
import type { Context } from 'koa'

export interface CookieOptions {
  readonly publicUrl: string
  /** The name without prefix and port. */
  readonly name: string
  readonly sameSite: 'Strict' | 'Lax'
  readonly maxAgeSeconds: number
}

export interface SiteCookie {
  /** The value, if the browser sends exactly one. A cookie with the former name counts while there is none with the present one. */
  read(ctx: Context): string | undefined
  set(ctx: Context, value: string): void
  clear(ctx: Context): void
  /** Whether `read` gets the value by the former name. */
  isFormer(ctx: Context): boolean
  /** Clears the former name, which another site of this machine may use too: only if its value is known to be ours. */
  clearFormer(ctx: Context): void
}

/**
 * Over https the prefix `__Host-` binds a cookie to this host, https and all paths. Plain http, which is only for loopback,
 * has neither the prefix nor `Secure`: WebKit would drop the cookie. Browsers share cookies among all ports of a host, so the
 * port is part of the name.
 */
export function createSiteCookie({ publicUrl, name: baseName, sameSite, maxAgeSeconds }: CookieOptions): SiteCookie {
  const { protocol, port } = new URL(publicUrl)
  const isSecure = protocol === 'https:'
  const name = `${isSecure ? '__Host-' : ''}${baseName}${port && `-${port}`}`
  // The name in 0.1, to be dropped in 0.3.
  const formerName = `__Host-${baseName}`
  const attributes = `Path=/; ${isSecure ? 'Secure; ' : ''}HttpOnly; SameSite=${sameSite}`
  const isFormer = (ctx: Context) => name !== formerName && valuesOf(ctx, name).length === 0
  return {
    read(ctx) {
      const values = valuesOf(ctx, isFormer(ctx) ? formerName : name)
      return values.length === 1 ? values[0] : undefined
    },
    set: (ctx, value) => ctx.append('Set-Cookie', `${name}=${value}; Max-Age=${maxAgeSeconds}; ${attributes}`),
    clear: (ctx) => ctx.append('Set-Cookie', `${name}=; Max-Age=0; ${attributes}`),
    isFormer,
    clearFormer(ctx) {
      if (isFormer(ctx)) {
        ctx.append('Set-Cookie', `${formerName}=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=${sameSite}`)
      }
    }
  }
}

function valuesOf(ctx: Context, name: string): string[] {
  return ctx
    .get('Cookie')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1))
}
