import type { PresentedGeneration, RefreshOutcome } from './refresh-token-families.ts'

type Refresh = (presented: PresentedGeneration) => Promise<RefreshOutcome>

interface Turn {
  readonly running: Promise<unknown>
  next: Promise<RefreshOutcome> | undefined
}

/**
 * Lets parallel presentations of the same refresh token share statements: calls that come while one is running wait for it,
 * and then share the next one. That one starts after each of them came, so no result is older than its call. A thousand tabs
 * cost each replica two statements, not a thousand connections.
 */
export function coalesceRefreshes(refresh: Refresh): Refresh {
  const turns = new Map<string, Turn>()

  return (presented) => {
    const { familyId, generation, clientId, jkt, scopes, resource } = presented
    const key = JSON.stringify([familyId, generation, clientId, jkt, scopes, resource])
    const turn = turns.get(key)
    if (!turn) return begin(key, presented)
    turn.next ??= turn.running.then(
      () => begin(key, presented),
      () => begin(key, presented)
    )
    return turn.next
  }

  function begin(key: string, presented: PresentedGeneration): Promise<RefreshOutcome> {
    const running = refresh(presented)
    const turn: Turn = { running, next: undefined }
    turns.set(key, turn)
    const end = () => {
      if (turn.next === undefined) turns.delete(key)
    }
    running.then(end, end)
    return running
  }
}
