import { readBounded } from '../read-bounded.ts'

/**
 * Reads a JSON object of a response.
 *
 * @throws when it is longer, or no JSON
 */
export async function readJsonObject(response: Response, maxBytes: number): Promise<Readonly<Record<string, unknown>>> {
  const bytes = await readBounded(response, maxBytes)
  return Object(JSON.parse(Buffer.from(bytes).toString())) as Readonly<Record<string, unknown>>
}
