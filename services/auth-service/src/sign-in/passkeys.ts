import type { ChallengePurpose, NewPasskey, PasskeyStore } from '../accounts/passkey-store.ts'
import type { ClientInfo } from '../client-info.ts'
import {
  challengeHashOf,
  creationOptions,
  newChallenge,
  type PresentedAssertion,
  type PresentedRegistration,
  readChallenge,
  requestOptions,
  userHandleOf,
  verifyAssertion,
  verifyRegistration
} from './passkey-ceremonies.ts'
import type { RelyingParty } from './relying-party.ts'

export interface PasskeyDeps {
  passkeys: PasskeyStore
  /** Absent where it is not known where people find the pages. */
  relyingParty: RelyingParty | undefined
}

/** Passkeys of a relying party. */
export interface PasskeyParty {
  readonly passkeys: PasskeyStore
  readonly relyingParty: RelyingParty
}

/** Asks a browser for a new passkey. */
export async function askForRegistration(
  { passkeys, relyingParty }: PasskeyParty,
  { user, sessionId }: { user: { id: string; username: string }; sessionId: string }
) {
  const { challenge, challengeHash } = newChallenge()
  await passkeys.keepChallenge(challengeHash, { kind: 'registration', userId: user.id, sessionId })
  return creationOptions(relyingParty, { user, challenge, held: await passkeys.list(user.id) })
}

/** @returns `undefined` when it is no response to a challenge of this session, or is not valid. The challenge is used up either way. */
export async function takeRegistration(
  { passkeys, relyingParty }: PasskeyParty,
  { userId, sessionId, credential }: { userId: string; sessionId: string; credential: PresentedRegistration }
): Promise<NewPasskey | undefined> {
  const challenge = readChallenge(credential.response.clientDataJSON)
  if (challenge === undefined) return undefined
  const purpose = { kind: 'registration', userId, sessionId } as const
  if (!(await passkeys.takeChallenge(challengeHashOf(challenge), purpose))) return undefined
  return verifyRegistration(relyingParty, challenge, credential)
}

/** Asks a browser for a passkey: of a user, if it is known who it is. @returns `undefined` when that user has none */
export async function askForPasskey({ passkeys, relyingParty }: PasskeyParty, purpose: ChallengePurpose) {
  const allowed = 'userId' in purpose ? await passkeys.list(purpose.userId) : undefined
  // An empty list would mean any.
  if (allowed?.length === 0) return undefined
  const { challenge, challengeHash } = newChallenge()
  await passkeys.keepChallenge(challengeHash, purpose)
  return requestOptions(relyingParty, { challenge, allowed })
}

/** What came of an assertion. */
export type PasskeyProof<User> =
  | { readonly outcome: 'proven'; readonly user: User }
  /** No passkey here has this id. */
  | { readonly outcome: 'unknown' }
  | { readonly outcome: 'wrong'; readonly userId?: string }

/**
 * Verifies an assertion for what its challenge was made for, which it uses up, and keeps what the authenticator says of itself. Only with
 * user verification: a passkey is two factors.
 * @param readUser is called before the passkey is confirmed: whatever changes the user's credentials afterwards changes their state, too
 */
export async function provePasskey<User extends { readonly id: string }>(
  { passkeys, relyingParty }: PasskeyParty,
  { assertion, purpose, origin }: { assertion: PresentedAssertion; purpose: ChallengePurpose; origin: ClientInfo },
  readUser: (userId: string) => Promise<User | undefined>
): Promise<PasskeyProof<User>> {
  const challenge = readChallenge(assertion.response.clientDataJSON)
  if (challenge === undefined) return { outcome: 'wrong' }
  if (!(await passkeys.takeChallenge(challengeHashOf(challenge), purpose))) return { outcome: 'wrong' }
  const passkey = await passkeys.find(Uint8Array.from(Buffer.from(assertion.id, 'base64url')))
  if (!passkey) return { outcome: 'unknown' }
  const { id, userId } = passkey
  const flowHash = 'flowHash' in purpose ? purpose.flowHash : undefined
  if (!isOfUser(assertion, userId, purpose)) return { outcome: 'wrong', userId }
  const use = await verifyAssertion(relyingParty, challenge, assertion, passkey)
  if (!use) return { outcome: 'wrong', userId }
  const user = await readUser(userId)
  if (!user || !(await passkeys.recordUse({ ...use, id, userId, flowHash, origin })))
    return { outcome: 'wrong', userId }
  return { outcome: 'proven', user }
}

/** The user handle names the user where nothing else does (WebAuthn §7.2 step 6). */
function isOfUser(
  { response: { userHandle } }: PresentedAssertion,
  userId: string,
  purpose: ChallengePurpose
): boolean {
  if ('userId' in purpose && purpose.userId !== userId) return false
  if (userHandle === undefined) return 'userId' in purpose
  return Buffer.from(userHandle, 'base64url').equals(userHandleOf(userId))
}
