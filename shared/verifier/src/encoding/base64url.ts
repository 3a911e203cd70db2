/**
 * Decodes base64url strictly (RFC 7515 §2): no padding, no white space, no other characters, and the unused last bits
 * zero. `undefined` when the text is anything else, so that one token has one spelling.
 */
export function decodeBase64url(text: string): Uint8Array<ArrayBuffer> | undefined {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? bytes : undefined
}
