import type { Clock } from './clock.ts'
import type { GrantedToken } from './token-endpoint.ts'

/** An access token, and how long it can be sent. */
export interface HeldToken {
  readonly accessToken: string
  /** The whole lifetime. */
  readonly lifetimeMilliseconds: number
  /** 0 or less when its lifetime is over. */
  remainingMilliseconds(): number
}

/** What is sent in its last moments would arrive too late. */
const marginMilliseconds = 5_000
const marginShare = 0.1

/** Holds a token. Call it with the moments before its request was sent: its lifetime began no earlier. */
export function holdToken(
  { accessToken, expiresInSeconds }: GrantedToken,
  sentAt: { readonly now: number; readonly monotonic: number },
  clock: Clock
): HeldToken {
  const lifetimeMilliseconds = expiresInSeconds * 1000
  const usable = lifetimeMilliseconds - Math.min(marginMilliseconds, lifetimeMilliseconds * marginShare)
  return {
    accessToken,
    lifetimeMilliseconds,
    remainingMilliseconds() {
      // The steady clock stands still while the machine sleeps, the other one may be set back: the later one is right.
      const age = Math.max(clock.monotonic() - sentAt.monotonic, clock.now() - sentAt.now)
      return usable - age
    }
  }
}
