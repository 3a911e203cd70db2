/** What authenticators know this installation as (WebAuthn §4). */
export interface RelyingParty {
  /** The domain that passkeys belong to. */
  readonly id: string
  readonly name: string
  /** The sites and apps that may use them. */
  readonly origins: readonly string[]
}

/** @returns `undefined` where it is not known where people find the pages: then there are no passkeys */
export function relyingPartyOf({
  pagesUrl,
  productName,
  webauthnRpId,
  webauthnOrigins = []
}: {
  pagesUrl: string | undefined
  productName: string
  webauthnRpId: string | undefined
  webauthnOrigins?: readonly string[] | undefined
}): RelyingParty | undefined {
  const pages = pagesUrl === undefined ? undefined : new URL(pagesUrl)
  const id = webauthnRpId ?? pages?.hostname
  const origins = [...(pages ? [pages.origin] : []), ...webauthnOrigins]
  // Browsers have passkeys for domains, and none for IP addresses.
  if (id === undefined || origins.length === 0 || /^\[|\.\d+$/.test(id)) return undefined
  return { id, name: productName, origins }
}
