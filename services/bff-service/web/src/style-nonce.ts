declare global {
  /** Where get-nonce, and with it react-remove-scroll under each dialog, looks for the nonce of its style elements. */
  var __webpack_nonce__: string | undefined
}

/**
 * Reads the nonce that the Content-Security-Policy of this document allows for style elements, and hands it to libraries
 * that take it from the global object.
 */
export function adoptStyleNonce(page: Document): string {
  // Browsers hide the attribute's value from selectors and getAttribute; the property alone has it.
  const nonce = page.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? ''
  globalThis.__webpack_nonce__ = nonce
  return nonce
}
