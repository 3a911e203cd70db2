import type { Announcing } from '../revocation/announcing.ts'
import type { RefreshTokenFamilies } from './refresh-token-families.ts'

/** The sessions, which are refresh-token families: what ends one is committed and announced when the call returns. */
export type Sessions = Announcing<RefreshTokenFamilies>
