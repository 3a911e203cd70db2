import { mediaTypeOf, readBoundedBody } from '@countersign/service-kit'

/**
 * Reads the JSON object in another service's response.
 * @throws {Error} for anything else, and beyond `maxBytes`; the message contains nothing of the response
 */
export async function readJsonResponse(
  response: Response,
  maxBytes: number
): Promise<Readonly<Record<string, unknown>>> {
  if (mediaTypeOf(response.headers.get('Content-Type')) !== 'application/json') throw new Error('not JSON')
  const document = parse((await readBoundedBody(response.body, maxBytes)).toString())
  if (typeof document !== 'object' || document === null || Array.isArray(document)) throw new Error('no JSON object')
  return document as Record<string, unknown>
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Without the cause, which quotes the text.
    return undefined
  }
}
