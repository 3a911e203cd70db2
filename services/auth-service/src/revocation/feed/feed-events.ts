/** The events of the feed as they go over the wire (docs/revocation-feed-http.md). */
import type { RevocationEntry } from '@countersign/verifier'
import type { FeedPosition } from './feed-source.ts'

/** So that an event stays below 64 KiB with the longest values. */
export const entriesPerEvent = 150

/** The first event of each stream. */
export interface Greeting {
  readonly nonce: string
  /** This process' monotonic clock, in milliseconds. */
  readonly reading: number
}

export function encodeGreeting({ nonce, reading }: Greeting): Buffer {
  return encodeEvent('hello', { nonce, reading })
}

/** An entry, and how old its revocation was at the reading. */
export type AgedEntry = RevocationEntry & { readonly ageSeconds: number }

/** Entries, at most 150, beside the reading of the moment before they were looked for. */
export function encodeEntries(entries: readonly AgedEntry[], reading: number): Buffer {
  const members = entries.map(({ kind, value, expiresAt, ageSeconds }) => ({
    kind,
    value,
    exp: expiresAt,
    age: Math.round(ageSeconds * 1000) / 1000
  }))
  return encodeEvent('revoked', { reading, entries: members })
}

/** Confirms that everything committed before the reading has been sent; a client that comes back names the id. */
export function encodeCurrent(position: FeedPosition, reading: number): Buffer {
  return Buffer.concat([Buffer.from(`id: ${encodeId(position)}\n`), encodeEvent('current', { reading })])
}

/** Shows that the stream lives while nothing can be confirmed. */
export const waitingComment = Buffer.from(': waiting for the database\n\n')

function encodeEvent(name: string, data: object): Buffer {
  return Buffer.from(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`)
}

function encodeId({ incarnation, oldestOpenTransaction }: FeedPosition): string {
  return `${incarnation}-${oldestOpenTransaction}`
}

/** Where a client stands that comes back. */
export interface ResumePoint {
  readonly incarnation: string
  /** It has every entry that an earlier transaction made. */
  readonly transactionId: bigint
}

/** `undefined` for an id that is none of this feed. */
export function decodeId(id: string | undefined): ResumePoint | undefined {
  const [, incarnation, transactionId] = /^([0-9a-f]{16})-(\d{1,20})$/.exec(id ?? '') ?? []
  return incarnation === undefined || transactionId === undefined
    ? undefined
    : { incarnation, transactionId: BigInt(transactionId) }
}
