import { ConflictError, InvalidRequestError } from '@countersign/oauth'
import { parseUsername, type Username } from '../../accounts/usernames.ts'
import { wantedLanguage } from '../../mail/mail.ts'
import type { PasswordHashing } from '../../passwords/password-hashing.ts'
import { refusalOfPassword } from '../../passwords/password-policy.ts'
import { defineRoute } from '../../routing/route.ts'
import { flowOfAttempt } from '../../sign-in/attempt-flow.ts'
import { acceptanceBody, invitationLink, shownInvitation } from '../../wire/invitations.ts'
import { registeredUser } from '../../wire/users.ts'
import { type AccountMailDeps, requireMail } from './account-mail.ts'

/** `POST /auth/invitations/show`: what a link is for, which uses nothing up. */
export const showInvitation = defineRoute(
  {
    method: 'post',
    path: '/auth/invitations/show',
    summary: 'Show the invitation of a link, without using it',
    access: 'public',
    body: invitationLink,
    response: { status: 200, schema: shownInvitation },
    errors: [404]
  },
  (deps: AccountMailDeps) =>
    async ({ body }) => {
      const { codec, invitations } = requireMail(deps)
      const invitation = await invitations.find(codec.linkHashOf(body.secret))
      if (!invitation) throw invalidInvitation()
      const { email, username, expiresAt } = invitation
      return { email, username, expires_at: expiresAt.toISOString() }
    }
)

/** `POST /auth/invitations/accept`: makes the account, also where registration is closed. It signs nobody in. */
export const acceptInvitation = defineRoute(
  {
    method: 'post',
    path: '/auth/invitations/accept',
    summary: 'Create an account with the link of an invitation, which also verifies the e-mail address',
    access: 'public',
    limit: 'password-hashing',
    body: acceptanceBody,
    response: { status: 201, schema: registeredUser },
    errors: [404, 409]
  },
  ({ passwords, ...deps }: AccountMailDeps & { passwords: PasswordHashing }) =>
    async ({ body, origin, ctx }) => {
      const { codec, invitations } = requireMail(deps)
      const username = parseUsername(body.username) as Username // checked by the schema of the body
      const message = await refusalOfPassword(body.password, username.display)
      if (message) throw new InvalidRequestError({ description: message, issues: [{ path: 'password', message }] })
      const linkHash = codec.linkHashOf(body.secret)
      // Before the hash, which is costly.
      if (!(await invitations.find(linkHash))) throw invalidInvitation()
      const result = await invitations.accept({
        linkHash,
        username,
        passwordHash: await passwords.hash(body.password, flowOfAttempt(username.key, origin.address)),
        language: wantedLanguage(ctx.get('Accept-Language')),
        origin
      })
      switch (result.outcome) {
        case 'accepted':
          return { id: result.user.id, username: result.user.username, roles: [...result.user.roles] }
        case 'username_taken':
          throw new ConflictError({ code: 'username_taken', description: 'This username is taken.' })
        case 'address_taken':
          throw new ConflictError({
            code: 'address_taken',
            description: 'Another account has verified this e-mail address.'
          })
        case 'invalid':
          throw invalidInvitation()
      }
    }
)

/** The same for each reason: whether it was used, withdrawn or sent again is the inviter's to know. */
function invalidInvitation(): InvalidRequestError {
  return new InvalidRequestError({
    description: 'This link is not valid: it is wrong, was used, has expired, or was replaced or withdrawn.'
  })
}
