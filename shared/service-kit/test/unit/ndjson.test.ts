import { describe, expect, test } from 'vitest'
import { linesOf, maxLineLength } from '../../src/ndjson.ts'

async function linesIn(...chunks: (string | Uint8Array)[]): Promise<string[]> {
  async function* input() {
    for (const chunk of chunks) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk
  }
  const lines: string[] = []
  for await (const line of linesOf(input())) lines.push(line)
  return lines
}

describe('lines', () => {
  test('end at a line break or at the end, wherever the chunks end', async () => {
    expect(await linesIn('a\nb', 'c\n\nd')).toEqual(['a', 'bc', '', 'd'])
    expect(await linesIn('a\n')).toEqual(['a'])
    expect(await linesIn()).toEqual([])
  })

  test('are UTF-8, even if a chunk ends within a character, and without a byte order mark', async () => {
    const bytes = Buffer.from('\ufeffä\n𝕏')
    expect(await linesIn(...Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual(['ä', '𝕏'])
  })

  test('are cut off when they are too long to be read, and the next one is whole', async () => {
    const chunk = 'x'.repeat(maxLineLength)
    const [long, next] = await linesIn(chunk, chunk, chunk, '\nnext')
    expect(long?.length).toBeGreaterThan(maxLineLength)
    expect(long?.length).toBeLessThan(3 * maxLineLength)
    expect(next).toBe('next')
  })
})
