import type { Announcing } from '../revocation/announcing.ts'
import type { RefreshTokenFamilies } from './refresh-token-families.ts'

/** The sessions, which are refresh-token families. When a call that ends one returns, the end is committed and announced. */
export type Sessions = Announcing<RefreshTokenFamilies>
