import { forwarderHeaders, type Logger, type Secret } from '@countersign/service-kit'
import { createIssuerRevocationFeed, systemClock } from '@countersign/verifier'

/** What a revocation names: a session (`sid`), a token (`jti`) or a signing key (`kid`). */
export type OnRevoked = (kind: string, value: string) => void

/** Gets revocations from the issuer. */
export interface RevocationListener {
  /** Whether all revocations until about now have arrived. */
  isCurrent(): boolean
  close(): Promise<void>
}

export interface RevocationListenerOptions {
  /** The address of the auth-service from here. */
  readonly authUrl: string
  /** Opens the feed to this service. */
  readonly forwarderKey: Secret | undefined
  readonly logger: Logger
  readonly onRevoked: OnRevoked
}

/** The issuer says each second how far its feed has come. */
const currentForMs = 2_500

export function listenForRevocations(options: RevocationListenerOptions): RevocationListener {
  const { authUrl, forwarderKey, logger, onRevoked } = options
  const ownHeaders = forwarderHeaders(forwarderKey)
  const feed = createIssuerRevocationFeed({ feedUri: `${authUrl}/revocations/feed` })
  let asOf = Number.NEGATIVE_INFINITY
  let isInterrupted = false
  const sink = {
    add(entries: readonly { kind: string; value: string }[]) {
      for (const { kind, value } of entries) onRevoked(kind, value)
    },
    setCurrent(newAsOf: number) {
      if (isInterrupted) logger.info('revocations arrive again')
      isInterrupted = false
      asOf = newAsOf
    },
    setInterrupted(reason: string) {
      if (!isInterrupted)
        logger.warn({ reason }, 'no revocations arrive: the issuer is asked about each open connection')
      isInterrupted = true
    }
  }
  feed.follow(sink, systemClock, {
    issuer: authUrl,
    fetch: (url, init) =>
      fetch(url, { ...init, headers: { ...(init.headers as Record<string, string>), ...ownHeaders } })
  })
  return {
    isCurrent: () => systemClock.monotonic() - asOf <= currentForMs,
    close: () => feed.close()
  }
}
