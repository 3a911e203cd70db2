/** The list of used generations of the family `f`, as conditions and values in SQL (docs/decisions/0015-recovery-of-lost-responses.md). */
import { Prisma } from '@countersign/prisma'

/**
 * How many uses within two windows are kept: more do not advance the family. A recovery may add one, the generation that it
 * skips.
 */
const longestList = 8

/** Replicas of the previous version advance a family without its list. Then only the last generation is known as used. */
const isListCurrent = Prisma.sql`f.uses_generation = f.generation`

// Both lists are made with this moment, so that they have the same length.
const now = Prisma.sql`statement_timestamp()`

/** Whether the list is full of uses that are younger than two windows. */
export function isFull(doubleWindow: Prisma.Sql): Prisma.Sql {
  const oldest = Prisma.raw(`f.used_at[cardinality(f.used_at) - ${longestList - 1}]`)
  return Prisma.sql`(${isListCurrent} AND coalesce(${oldest} > ${now} - ${doubleWindow}, false))`
}

/** Whether the last use of a generation was in the burst that made the current one. */
export function isRecoverable(generation: number, doubleWindow: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`(CASE WHEN ${isListCurrent}
    THEN coalesce(f.used_at[array_position(f.used_generations, ${generation}::int)] >= f.rotated_at - ${doubleWindow}, false)
    ELSE f.generation - 1 = ${generation}::int END)`
}

/** The two columns of the list, the oldest use first. */
export interface UsedGenerations {
  readonly generations: Prisma.Sql
  readonly times: Prisma.Sql
}

/** Whether the last burst is over, so that its uses are no longer needed. */
export function isPaused(doubleWindow: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`f.rotated_at < ${now} - ${doubleWindow}`
}

/** The list after a use of the current generation: after a pause, which is the usual case, and in a burst or after one. */
export function listAfterRotation(doubleWindow: Prisma.Sql): Record<'afterPause' | 'inBurst', UsedGenerations> {
  const listOf = (fresh: Prisma.Sql, appended: Prisma.Sql, outdated: Prisma.Sql) => Prisma.sql`CASE
    WHEN ${isPaused(doubleWindow)} THEN ${fresh}
    WHEN ${isListCurrent} THEN ${lastOf(longestList, appended)}
    ELSE ${outdated} END`
  const at = Prisma.sql`clock_timestamp()`
  const afterPause = { generations: Prisma.sql`ARRAY[f.generation]`, times: Prisma.sql`ARRAY[${at}]` }
  return {
    afterPause,
    inBurst: {
      generations: listOf(
        afterPause.generations,
        Prisma.sql`f.used_generations || f.generation`,
        Prisma.sql`ARRAY[f.generation - 1, f.generation]`
      ),
      times: listOf(
        afterPause.times,
        Prisma.sql`f.used_at || ${at}::timestamptz(3)`,
        Prisma.sql`ARRAY[f.rotated_at, ${at}]`
      )
    }
  }
}

/** The list after another use of a used generation. The skipped one may still be on its way to the client, if it is young. */
export function listAfterRecovery(generation: number, doubleWindow: Prisma.Sql): UsedGenerations {
  const used = Prisma.sql`${generation}::int`
  const at = Prisma.sql`clock_timestamp()`
  const place = Prisma.sql`array_position(f.used_generations, ${used})`
  const listOf = (fresh: Prisma.Sql, others: Prisma.Sql, two: Prisma.Sql) => Prisma.sql`CASE
    WHEN f.rotated_at <= ${now} - ${doubleWindow} THEN ${fresh}
    WHEN ${isListCurrent} THEN ${lastOf(longestList + 1, Prisma.sql`${others} || ${two}`)}
    ELSE ${two} END`
  return {
    generations: listOf(
      Prisma.sql`ARRAY[${used}]`,
      Prisma.sql`array_remove(f.used_generations, ${used})`,
      Prisma.sql`ARRAY[${used}, f.generation]`
    ),
    times: listOf(
      Prisma.sql`ARRAY[${at}]`,
      Prisma.sql`f.used_at[:${place} - 1] || f.used_at[${place} + 1:]`,
      Prisma.sql`ARRAY[${at}, ${at}]::timestamptz(3)[]`
    )
  }
}

/** The end of a list that has grown by one. */
function lastOf(length: number, list: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`(${list})[cardinality(f.used_generations) - ${Prisma.raw(`${length - 2}`)}:]`
}
