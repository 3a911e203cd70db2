/**
 * What the issuers report about revocations that are committed and that Redis refuses to store. After such a report only a newer
 * confirmation (the value of the key `swept`) says that everything has been published.
 */
export interface Backlog {
  /** An issuer reports a backlog. */
  report(): void
  /** Checks the confirmation that was read on the connection that carries the reports. */
  isOpenAfter(confirmation: string | undefined): boolean
  /** Checks one that was read elsewhere, and so without any order between it and the reports. */
  isOpen(confirmation: string | undefined): boolean
}

export function createBacklog(): Backlog {
  let state: 'none' | 'reported' | 'known' = 'none'
  /** The confirmation that was there when the backlog was reported, and that says nothing about it. */
  let outdated: string | undefined

  return {
    report() {
      state = 'reported'
    },
    isOpenAfter(confirmation) {
      if (state === 'none') return false
      if (state === 'reported') {
        state = 'known'
        outdated = confirmation
      } else if (confirmation !== undefined && confirmation !== outdated) state = 'none'
      return state !== 'none'
    },
    isOpen: (confirmation) => state === 'reported' || (state === 'known' && confirmation === outdated)
  }
}
