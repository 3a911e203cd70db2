/**
 * Cuts a page out of rows that were read with one more than its limit.
 * @returns the rows of the page, and the last one if another page follows it
 */
export function pageOf<Row>(rows: readonly Row[], limit: number): { page: readonly Row[]; last: Row | undefined } {
  const page = rows.slice(0, limit)
  return { page, last: rows.length > limit ? page.at(-1) : undefined }
}
