import { InvalidRequestError } from '@countersign/oauth'
import { z } from 'zod'

/** Lists come in pages, and a cursor says where the next one begins. */

/** Where a page begins, in every list. */
export const pageCursor = z
  .string()
  .min(1)
  .max(512)
  .optional()
  .meta({ description: '`next_cursor` of the page before' })

const limitRule = { error: 'must be a whole number from 1 to 100' }

/** How many a page holds at most. */
export const pageLimit = (fallback: number) =>
  z.coerce.number(limitRule).int(limitRule).min(1, limitRule).max(100, limitRule).default(fallback)

/** Where the next page begins, in every list. */
export const nextCursor = z.string().nullable().meta({ description: '`cursor` of the next page; null on the last one' })

/** A place in a list that is ordered by a moment, and by an id where moments are the same. */
export interface PlaceInTime {
  readonly at: Date
  readonly id: string
}

/** The last millisecond that Postgres and every client have a year of four digits for. */
export const lastMoment = Date.UTC(10_000, 0) - 1

/** The cursor of a place. */
export function encodePlace({ at, id }: PlaceInTime): string {
  return Buffer.from(`${at.getTime()}.${id}`).toString('base64url')
}

/**
 * The place of a cursor.
 * @param idSchema what ids of this list are
 * @throws {InvalidRequestError} for a cursor of no former page
 */
export function decodePlace(cursor: string, idSchema: z.ZodType<string>): PlaceInTime {
  const [, milliseconds, id] = /^(\d{1,15})\.(.+)$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? []
  const place = { at: new Date(Number(milliseconds)), id: id ?? '' }
  const isPlace = place.at.getTime() <= lastMoment && idSchema.safeParse(id).success
  // Base64url has several spellings of the same bytes; this service writes one.
  if (!isPlace || encodePlace(place) !== cursor) throw unknownCursor()
  return place
}

/** The answer to a cursor that was not given out. */
export function unknownCursor(): InvalidRequestError {
  return new InvalidRequestError({ description: 'The cursor is not one of a former page.' })
}
