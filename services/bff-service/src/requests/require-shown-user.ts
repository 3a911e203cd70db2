import { SessionChangedError } from '@countersign/oauth'
import type { Context } from 'koa'

/** The id of the user that a page shows. A page sends it so that it never acts for somebody who signed in later. */
const shownUserHeader = 'X-Countersign-User'

/** @throws {SessionChangedError} when the page shows another user than the session's */
export function requireShownUser(ctx: Context, { userId }: { readonly userId: string }): void {
  const shownUser = ctx.get(shownUserHeader)
  if (shownUser !== '' && shownUser !== userId) throw new SessionChangedError()
}
