import { describe, expect, test } from 'vitest'
import { createResponseReader, type ParsedResponse } from '../../src/load/response-reader.ts'

function readAll(...chunks: string[]): ParsedResponse[] {
  const responses: ParsedResponse[] = []
  const read = createResponseReader((response) => responses.push(response))
  for (const chunk of chunks) read(Buffer.from(chunk))
  return responses
}

const plain = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{"a":1}'
const chunked = 'HTTP/1.1 401 Unauthorized\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwiki\r\n5\r\npedia\r\n0\r\n\r\n'

describe('the reader of responses', () => {
  test('reads by Content-Length, whatever pieces it comes in', () => {
    for (let at = 1; at < plain.length; at++) {
      const [response, ...more] = readAll(plain.slice(0, at), plain.slice(at))
      expect(response).toMatchObject({ status: 200, body: '{"a":1}' })
      expect(more).toEqual([])
    }
  })

  test('reads chunks, whatever pieces they come in', () => {
    for (let at = 1; at < chunked.length; at++) {
      expect(readAll(chunked.slice(0, at), chunked.slice(at))).toMatchObject([{ status: 401, body: 'wikipedia' }])
    }
  })

  test('reads several responses that arrive at once', () => {
    const none = 'HTTP/1.1 204 No Content\r\nDate: today\r\n\r\n'
    expect(readAll(plain + none + chunked + plain).map(({ status }) => status)).toEqual([200, 204, 401, 200])
  })

  test('rejects data that is not a response, or does not show where it ends', () => {
    expect(() => readAll('SSH-2.0-OpenSSH\r\n\r\n')).toThrow('no HTTP/1.1 response')
    expect(() => readAll('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nbody')).toThrow('does not tell its length')
    expect(() => readAll('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n')).toThrow('chunk')
  })
})
