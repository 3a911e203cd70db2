import { InvalidRequestError } from '@countersign/oauth'
import type { z } from 'zod'

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
