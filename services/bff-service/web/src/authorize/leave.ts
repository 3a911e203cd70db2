/**
 * Leaves the pages for the issuer, which sends the browser on to the app. The entry of this page in the history is replaced: Back would
 * find a request that is over.
 * @param url as a later response has it, which may add parameters to `checked`
 * @param checked the `complete_url` that the bff-service has checked
 * @throws {TypeError} when `url` leads elsewhere
 */
export function leaveFor(url: string, checked: string): void {
  const [to, known] = [new URL(url), new URL(checked)]
  if (to.origin !== known.origin || to.pathname !== known.pathname)
    throw new TypeError('This is not an address of the issuer.')
  window.location.replace(to)
}

/** Where a user goes who does not want to sign in to the app. */
export function cancelUrlOf(completeUrl: string): string {
  const url = new URL(completeUrl)
  url.searchParams.set('cancel', '1')
  return url.href
}
