import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { StartError } from '@countersign/service-kit'

/** How the pages look like those of their operator. */
export interface Branding {
  readonly productName: string
  readonly primaryColor: string | undefined
  readonly logo: Logo | undefined
}

export interface Logo {
  /** Has the hash of the content in it. */
  readonly name: string
  readonly content: Buffer
}

const maxLogoBytes = 128 * 1024
const pngSignature = Buffer.from('89504e470d0a1a0a', 'hex')

/** @throws {StartError} when the logo cannot be read, is too large, or is neither SVG nor PNG */
export async function loadBranding({
  productName,
  primaryColor,
  logoFile
}: {
  productName: string
  primaryColor: string | undefined
  logoFile: string | undefined
}): Promise<Branding> {
  return { productName, primaryColor, logo: logoFile === undefined ? undefined : await loadLogo(logoFile) }
}

async function loadLogo(path: string): Promise<Logo> {
  const content = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    throw new StartError(`LOGO_FILE cannot be read (${cause.code}).`)
  })
  if (content.length > maxLogoBytes) throw new StartError(`LOGO_FILE has more than ${maxLogoBytes / 1024} KiB.`)
  const type = typeOf(content)
  if (!type) throw new StartError('LOGO_FILE is neither an SVG nor a PNG file.')
  const hash = createHash('sha256').update(content).digest('base64url').slice(0, 16)
  return { name: `logo-${hash}.${type}`, content }
}

function typeOf(content: Buffer): 'svg' | 'png' | undefined {
  if (content.subarray(0, pngSignature.length).equals(pngSignature)) return 'png'
  return /<svg[\s>]/.test(content.toString('utf8')) ? 'svg' : undefined
}
