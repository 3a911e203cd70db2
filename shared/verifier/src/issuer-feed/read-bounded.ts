/** Reads a JSON object of a response. Counts while reading: `Content-Length` may be missing, or wrong. */
export async function readJsonObject(response: Response, maxBytes: number): Promise<Readonly<Record<string, unknown>>> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > maxBytes) throw new Error(`more than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Object(JSON.parse(Buffer.concat(chunks).toString())) as Readonly<Record<string, unknown>>
}
