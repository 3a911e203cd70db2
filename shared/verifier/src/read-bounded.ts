/** A body has more bytes than its reader accepts. */
export class TooLongError extends Error {
  override readonly name = 'TooLongError'
}

/**
 * Reads a body of at most so many bytes. Counts while reading: `Content-Length` may be missing, or wrong.
 *
 * @throws {TooLongError} for more.
 */
export async function readBounded(response: Response, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  const reader = response.body?.getReader()
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined }
    if (done) return Buffer.concat(chunks)
    bytes += value.byteLength
    if (bytes > maxBytes) {
      reader?.cancel().catch(() => {})
      throw new TooLongError(`more than ${maxBytes} bytes`)
    }
    chunks.push(value)
  }
}
