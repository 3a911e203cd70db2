/**
 * Reads the JSON object that another service answered, counting while reading: `Content-Length` may be missing, or wrong.
 * @throws {Error} for anything else, and past `maxBytes`; the message holds nothing of it
 */
export async function readJsonAnswer(response: Response, maxBytes: number): Promise<Readonly<Record<string, unknown>>> {
  if (!/^application\/json\s*(?:;|$)/i.test(response.headers.get('content-type') ?? '')) throw new Error('not JSON')
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > maxBytes) throw new Error(`more than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  const document = parse(Buffer.concat(chunks).toString())
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
