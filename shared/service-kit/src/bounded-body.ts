/**
 * Reads the body of another service's response, and counts while reading: `Content-Length` may be missing or wrong.
 * @throws {Error} beyond `maxBytes`; leaving the loop ends the connection
 */
export async function readBoundedBody(body: AsyncIterable<Uint8Array> | null, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength
    if (bytes > maxBytes) throw new Error(`the response has more than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
