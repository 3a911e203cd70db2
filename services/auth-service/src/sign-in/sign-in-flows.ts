import { randomBytes } from 'node:crypto'
import type { UserCredentials } from '../accounts/user-store.ts'
import { type Bytes, sha256 } from '../hashes.ts'
import type { SessionGrant } from '../sessions/refresh-token-families.ts'
import type { SignInMethod } from './needed-factor.ts'

/** How long a sign-in may take, in seconds. */
export const flowSeconds = 600
/** Per user at a time; the oldest gives way. */
export const maxFlows = 10

/** The user of a sign-in, as when the first factor was verified. */
export type FlowUser = Pick<UserCredentials, 'id' | 'credentialsState' | 'secondFactors' | 'isAdmin'>

export interface NewSignInFlow {
  readonly user: FlowUser
  readonly methods: readonly SignInMethod[]
  readonly grant: SessionGrant
  /** The key of the proof that began the sign-in: each step needs a proof of it. */
  readonly jkt: string | undefined
  readonly replacedSessionId: string | undefined
  readonly isEnrolment: boolean
}

/** A sign-in that still needs a second factor. It opens nothing but its own next step. */
export interface SignInFlow extends NewSignInFlow {
  readonly hash: Bytes
  readonly username: string
  /** Whether the user has a verified address that mail can be sent to. */
  readonly hasMailbox: boolean
  /** A user who sets up the first second factor has to show that this mailbox is theirs. */
  readonly hasProvenMailbox: boolean
  readonly sealedTotpSeed: Uint8Array | undefined
}

/** The sign-ins under way. Only the client that began one knows its id, 256 bits; the database has its hash. */
export interface SignInFlows {
  begin(hash: Bytes, flow: NewSignInFlow): Promise<void>
  /** @returns `undefined` when it has ended or expired, or when a credential of its user has changed since */
  find(hash: Bytes): Promise<SignInFlow | undefined>
  /** Keeps the seed of a code generator that is being set up. */
  putTotpSeed(hash: Bytes, sealedSeed: Bytes): Promise<boolean>
}

export function newFlowId(): { id: string; hash: Bytes } {
  const id = randomBytes(32).toString('base64url')
  return { id, hash: flowHashOf(id) }
}

export function flowHashOf(id: string): Bytes {
  return sha256(id)
}
