import type { RevocationKind } from '../access-token-profile.ts'

/** The names of the keys. Their common hash tag keeps them in one slot of a cluster, so that one script reaches all. */
export const revocationKeys = Object.freeze({
  /** Identifies the feed, once it is complete: `<uuid>.<run_id of the server process>`. */
  epoch: '{countersign}:epoch',
  /** Every entry, in the order of publication: fields `kind`, `value`, `exp`. */
  stream: '{countersign}:revocations',
  /** How many messages the stream has if the publishers alone have written to it. */
  length: '{countersign}:length',
  /**
   * Exists for some seconds after an issuer has published everything that it found in its outbox. The value is the moment
   * of that, in milliseconds since 1970-01-01 UTC by the server's clock; issuers of earlier versions wrote `1`.
   */
  outboxDrained: '{countersign}:swept',
  /** The channel on which issuers report, twice a second, that they have revocations which Redis refuses to store. */
  unpublished: '{countersign}:unpublished',
  /** One entry, gone when it expires. */
  entry: (kind: RevocationKind, value: string): string => `{countersign}:revoked:${kind}:${value}`,
  /** The progress of one rebuild. */
  rebuild: (id: string): string => `{countersign}:rebuild:${id}`
})

/**
 * Whether the epoch stands for a complete feed in this very server process. After a restart or a failover it may have
 * been carried over while the last entries were not.
 */
export function isEpochOfRun(epoch: string | null | undefined, runId: string): epoch is string {
  return typeof epoch === 'string' && epoch.endsWith(`.${runId}`)
}
