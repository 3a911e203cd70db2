import { InvalidRequestError } from '@countersign/oauth'
import { z } from 'zod'

/** Lists have pages, and a cursor says where the next one starts. */

/** Where a page starts, in every list. */
export const pageCursor = z
  .string()
  .min(1)
  .max(512)
  .optional()
  .meta({ description: '`next_cursor` of the page before' })

const limitRule = { error: 'must be a whole number from 1 to 100' }

/** How many items a page has at most. */
export const pageLimit = (fallback: number) =>
  z.coerce.number(limitRule).int(limitRule).min(1, limitRule).max(100, limitRule).default(fallback)

/** Where the next page starts, in every list. */
export const nextCursor = z.string().nullable().meta({ description: '`cursor` of the next page; null on the last one' })

/** A position in a list that is ordered by a moment, then by an id. */
export interface PlaceInTime {
  readonly at: Date
  readonly id: string
}

/** The last millisecond with a year of four digits, in Postgres and in every client. */
export const lastMoment = Date.UTC(10_000, 0) - 1

/** The cursor of a position. */
export function encodePlace({ at, id }: PlaceInTime): string {
  return Buffer.from(`${at.getTime()}.${id}`).toString('base64url')
}

/**
 * The position of a cursor.
 * @param idSchema the form of ids in this list
 * @throws {InvalidRequestError} for a cursor that this service did not make
 */
export function decodePlace(cursor: string, idSchema: z.ZodType<string>): PlaceInTime {
  const [, milliseconds, id] = /^(\d{1,15})\.(.+)$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? []
  const place = { at: new Date(Number(milliseconds)), id: id ?? '' }
  const isPlace = place.at.getTime() <= lastMoment && idSchema.safeParse(id).success
  // Base64url allows several spellings of the same bytes; this service writes only one.
  if (!isPlace || encodePlace(place) !== cursor) throw unknownCursor()
  return place
}

/** The error for a cursor that this service did not make. */
export function unknownCursor(): InvalidRequestError {
  return new InvalidRequestError({ description: 'The cursor is not valid: it must come from an earlier page.' })
}
