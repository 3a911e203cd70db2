import { ConflictError } from '@countersign/oauth'
import type { AccountDeletion } from '../../accounts/account-deletion.ts'
import { chooseLanguage } from '../../mail/mail.ts'
import type { Announcing } from '../../revocation/announcing.ts'
import { defineRoute } from '../../routing/route.ts'
import { sessionEnded } from '../../sessions/session-ended.ts'
import { accountDeletion } from '../../wire/account.ts'

export interface AccountDeletionDeps {
  accountDeletion: Announcing<AccountDeletion>
  wakeMail(): void
}

/** `POST /auth/me/deletion`: ends all sessions; the account is deleted after a period of grace, unless its user signs in. */
export const requestDeletion = defineRoute(
  {
    method: 'post',
    path: '/auth/me/deletion',
    summary: 'Delete the account: all sessions end at once, and a sign-in before `deletion_at` keeps it',
    access: 'user-in-person',
    needsRecentSignIn: true,
    response: { status: 202, schema: accountDeletion },
    errors: [409]
  },
  ({ accountDeletion, wakeMail }: AccountDeletionDeps) =>
    async ({ accessToken, origin, ctx }) => {
      const result = await accountDeletion.request({
        userId: accessToken.sub,
        sessionId: accessToken.sid,
        language: chooseLanguage(ctx.get('Accept-Language')),
        origin
      })
      if (result.outcome === 'session_ended') throw sessionEnded()
      if (result.outcome === 'last_admin') {
        throw new ConflictError({
          code: 'last_admin',
          description: 'This would leave no enabled admin. Make another one first.'
        })
      }
      wakeMail()
      return { deletion_at: result.deletionAt.toISOString() }
    }
)
