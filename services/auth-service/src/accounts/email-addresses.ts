import { domainToASCII } from 'node:url'

/** The rule of {@link parseEmail}, as a sentence for people. */
export const emailRule = 'an address like name@example.com, of at most 254 bytes'

/** An atom, which may contain letters of every script (RFC 6531 §3.3). Dots may be anywhere: some providers allow that. */
const localAtom = /^[^\s\p{Cc}()<>[\]:;@\\,"]+$/u
/** A quoted string (RFC 5321 §4.1.2). */
const localQuoted = /^"(?:[^\p{Cc}"\\]|\\[\x20-\x7e])+"$/u
const domainLabel = /^(?!-)[a-z\d-]{1,63}(?<!-)$/i

/**
 * Checks whether mail can be sent to an address (RFC 5321, RFC 6531), in any script.
 * @returns the address as written, without surrounding spaces; `undefined` if no such address can exist
 */
export function parseEmail(text: string): string | undefined {
  const address = text.trim().normalize('NFC')
  const at = address.lastIndexOf('@')
  const [local, domain] = [address.slice(0, Math.max(at, 0)), address.slice(at + 1)]
  if (!address.isWellFormed() || !(localAtom.test(local) || localQuoted.test(local))) return undefined
  if (/[\s:/?#[\]@\\%]/.test(domain) || Buffer.byteLength(local) > 64) return undefined
  const ascii = domainToASCII(domain)
  const isDomain = ascii !== '' && ascii.split('.').every((label) => domainLabel.test(label)) && !/^[\d.]+$/.test(ascii)
  return isDomain && Buffer.byteLength(local) + 1 + ascii.length <= 254 ? address : undefined
}

/** The rule of {@link isMailable}, as a sentence for people. */
export const mailableRule = 'an address without quotes and commas'

/** Whether mail is sent to an address. Quoted ones exist, and programs on the way read them in different ways. */
export function isMailable(address: string): boolean {
  return parseEmail(address) === address && !address.includes('"')
}

/** What makes a verified address unique: case does not count, and a domain is the same in both of its spellings. */
export function emailKeyOf(address: string): string {
  const at = address.lastIndexOf('@')
  return `${address.slice(0, at).normalize('NFKC').toLowerCase()}@${domainToASCII(address.slice(at + 1))}`
}
