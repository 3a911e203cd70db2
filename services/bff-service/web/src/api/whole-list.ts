const maxPages = 5

/** A list that a page shows whole, such as a choice. */
export interface WholeList<Item> {
  items: Item[]
  /** False when there are more pages than are read. */
  isAll: boolean
}

/** Reads a list to its end, or as far as five pages go. */
export async function readWholeList<Item>(
  readPage: (cursor: string | undefined) => Promise<{ items: Item[]; next: string | null }>
): Promise<WholeList<Item>> {
  const items: Item[] = []
  let cursor: string | undefined
  for (let pages = 0; pages < maxPages; pages++) {
    const page = await readPage(cursor)
    items.push(...page.items)
    if (page.next === null) return { items, isAll: true }
    cursor = page.next
  }
  return { items, isAll: false }
}
