import { createHmac, createPublicKey, generateKeyPairSync, type JsonWebKey, sign } from 'node:crypto'

/** Makes a token that nobody may accept from one of ours and from the key that signed it. */
export type Forge = (token: string, published: JsonWebKey) => string

const foreign = generateKeyPairSync('rsa', { modulusLength: 2048 })

/** Forgeries by what is wrong with them. */
export const forgeries: Readonly<Record<string, Forge>> = {
  'one character of the payload changed': (token) => {
    const { header, claims, signature } = take(token)
    const sub = claims.sub as string
    return `${encode(header)}.${encode({ ...claims, sub: (sub[0] === '0' ? '1' : '0') + sub.slice(1) })}.${signature}`
  },
  'one bit of the signature changed': (token) => {
    const [header, payload, signature] = token.split('.') as [string, string, string]
    const bytes = Buffer.from(signature, 'base64url')
    bytes[100] = (bytes[100] as number) ^ 1
    return `${header}.${payload}.${bytes.toString('base64url')}`
  },
  'no signature': (token) => `${token.slice(0, token.lastIndexOf('.'))}.`,
  'a foreign key under our kid': (token) => signedByForeignKey(token, {}),
  'a foreign key under an unknown kid': (token) => signedByForeignKey(token, { kid: 'unknown' }),
  'a foreign key that the header brings along': (token) =>
    signedByForeignKey(token, { jwk: foreign.publicKey.export({ format: 'jwk' }) }),
  'alg none': (token) => {
    const { header, claims } = take(token)
    return `${encode({ ...header, alg: 'none' })}.${encode(claims)}.`
  },
  'alg none, and the signature of before': (token) => {
    const { header, claims, signature } = take(token)
    return `${encode({ ...header, alg: 'none' })}.${encode(claims)}.${signature}`
  },
  'HS256 with our public key as the secret': (token, published) => signedByHmac(token, pem(published))
}

function take(token: string) {
  const [header, claims, signature] = token.split('.') as [string, string, string]
  return { header: decode(header), claims: decode(claims), signature }
}

function signedByForeignKey(token: string, changes: object): string {
  const { header, claims } = take(token)
  const input = `${encode({ ...header, ...changes })}.${encode(claims)}`
  return `${input}.${sign('RSA-SHA256', Buffer.from(input), foreign.privateKey).toString('base64url')}`
}

function signedByHmac(token: string, secret: string): string {
  const { header, claims } = take(token)
  const input = `${encode({ ...header, alg: 'HS256' })}.${encode(claims)}`
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
}

function pem(key: JsonWebKey): string {
  return createPublicKey({ key, format: 'jwk' }).export({ type: 'spki', format: 'pem' }) as string
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}

function decode(part: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(part, 'base64url').toString())
}
