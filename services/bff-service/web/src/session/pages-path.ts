/** Where these pages stand, as the service says in the document: `/`, or a path without a slash at its end. */
export const pagesPath = readPagesPath(document)

function readPagesPath(page: Document): string {
  const path = page.querySelector<HTMLMetaElement>('meta[name="countersign-pages"]')?.content ?? ''
  return path.startsWith('/') ? path : '/'
}
