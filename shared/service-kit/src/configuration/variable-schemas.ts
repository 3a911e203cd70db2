import { audiencePattern, audienceRule } from '@countersign/oauth'
import { z } from 'zod'
import { Secret } from '../secret.ts'

interface Bounds {
  readonly min: number
  readonly max: number
  readonly unit?: string
}

/** A whole number within bounds. */
export function wholeNumber({ min, max, unit }: Bounds) {
  return boundedNumber(/^\d{1,15}$/, `a whole number${unit ? ` of ${unit}` : ''} from ${min} to ${max}`, min, max)
}

/** A number within bounds, in decimal notation. */
export function decimalNumber({ min, max, unit }: Required<Bounds>) {
  const least = min.toFixed(5).replace(/\.?0+$/, '')
  return boundedNumber(/^\d{1,15}(?:\.\d{1,15})?$/, `a number of ${unit} from ${least} to ${max}`, min, max)
}

function boundedNumber(notation: RegExp, expects: string, min: number, max: number) {
  const number = z.number(expects).min(min, expects).max(max, expects)
  return z.string(expects).regex(notation, expects).transform(Number).pipe(number)
}

/** A text of at most 1024 characters. */
export function shortText(expects: string, maxLength = 1024) {
  return z.string(expects).max(maxLength, expects)
}

/** What people know this installation by. */
export function productName() {
  const expects = 'a name of at most 64 characters, without control characters'
  return shortText(expects, 64)
    .refine((text) => !/\p{Cc}/u.test(text), expects)
    .default('Countersign')
}

/** One of a few words. */
export function oneOf<const T extends string>(words: readonly T[]) {
  return z.enum(words, `one of ${words.join(', ')}`)
}

/** The identifier of an issuer (RFC 8414 §2): a URL as it was written, since it is compared letter by letter. */
export function issuerUrl() {
  const expects =
    'an absolute http or https URL of at most 512 characters, without user, query or fragment, such as https://auth.example.com'
  return z.string(expects).max(512, expects).refine(isServiceUrl, expects)
}

/** The address of a service: an absolute `http` or `https` URL without user, query and fragment. A slash at its end is dropped. */
export function serviceUrl() {
  return issuerUrl().transform((text) => text.replace(/\/$/, ''))
}

function isServiceUrl(text: string): boolean {
  if (/\s/.test(text) || !URL.canParse(text)) return false
  const { protocol, username, password, search, hash } = new URL(text)
  return ['http:', 'https:'].includes(protocol) && !username && !password && !search && !hash
}

/** The identifier of an API in tokens, as it was written. */
export function audience() {
  const expects = `${audienceRule}, such as https://api.example.com or my-api`
  return z.string(expects).regex(audiencePattern, expects)
}

/** A connection URL that may hold a password, with one of the given schemes. */
export function connectionUrl({ schemes, example }: { schemes: readonly string[]; example: string }) {
  const expects = `a URL such as ${example}`
  const hasScheme = (text: string) => URL.canParse(text) && schemes.includes(new URL(text).protocol.slice(0, -1))
  return secretText(z.string(expects).refine(hasScheme, expects))
}

/** The URL of a Redis or Valkey. */
export function redisUrl() {
  return connectionUrl({ schemes: ['redis', 'rediss'], example: 'redis://host:6379' })
}

/** A secret that two services share: at least 32 characters, all of them allowed in a header. */
export function sharedKey() {
  const expects = '32 to 256 visible ASCII characters, such as openssl rand -base64 32 makes'
  return secretText(z.string(expects).regex(/^[\x21-\x7e]{32,256}$/, expects))
}

/** A text that is never printed. */
export function secretText(schema: z.ZodType<string>) {
  return schema.transform((text) => new Secret(text))
}
