/** Rows as aligned columns; the first row has the column names. */
export function textTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => [...(row[column] ?? '')].length)))
  const line = (row: readonly string[]) =>
    row.map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - [...cell].length)).join('  ')
  return rows.map((row) => line(row).trimEnd()).join('\n')
}

/** What follows a page of a list in which there is more. */
export function moreLine(cursor: string | null | undefined): string {
  return cursor ? `\n\nMore of them: --cursor ${cursor}` : ''
}

/** A moment to the second, in UTC. */
export function textMoment(moment: Date | null): string {
  return moment === null ? '-' : moment.toISOString().replace(/\.\d+Z$/, 'Z')
}
