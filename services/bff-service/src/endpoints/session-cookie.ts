import type { Context } from 'koa'

/** With the prefix, a browser takes it from https (or its own machine) alone, for this host alone, and for all paths. */
export const cookieName = '__Host-countersign'

const attributes = 'Path=/; Secure; HttpOnly; SameSite=Strict'

/** The id that a browser shows, if it shows exactly one. */
export function readSessionCookie(ctx: Context): string | undefined {
  return readCookie(ctx, cookieName)
}

/** The value of a cookie, if the browser sends exactly one of this name. */
export function readCookie(ctx: Context, name: string): string | undefined {
  const values = ctx
    .get('Cookie')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
  return values.length === 1 ? values[0]?.slice(name.length + 1) : undefined
}

export function setSessionCookie(ctx: Context, id: string, maxAgeSeconds: number): void {
  ctx.append('Set-Cookie', `${cookieName}=${id}; Max-Age=${maxAgeSeconds}; ${attributes}`)
}

export function clearSessionCookie(ctx: Context): void {
  ctx.append('Set-Cookie', `${cookieName}=; Max-Age=0; ${attributes}`)
}
