import { describe, expect, test } from 'vitest'
import { type Answer, createResponseReader } from '../../src/load/response-reader.ts'

function readAll(...chunks: string[]): Answer[] {
  const answers: Answer[] = []
  const read = createResponseReader((answer) => answers.push(answer))
  for (const chunk of chunks) read(Buffer.from(chunk))
  return answers
}

const plain = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{"a":1}'
const chunked = 'HTTP/1.1 401 Unauthorized\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwiki\r\n5\r\npedia\r\n0\r\n\r\n'

describe('the reader of answers', () => {
  test('reads by Content-Length, whatever pieces it comes in', () => {
    for (let at = 1; at < plain.length; at++) {
      const [answer, ...more] = readAll(plain.slice(0, at), plain.slice(at))
      expect(answer).toMatchObject({ status: 200, body: '{"a":1}' })
      expect(more).toEqual([])
    }
  })

  test('reads chunks, whatever pieces they come in', () => {
    for (let at = 1; at < chunked.length; at++) {
      expect(readAll(chunked.slice(0, at), chunked.slice(at))).toMatchObject([{ status: 401, body: 'wikipedia' }])
    }
  })

  test('reads several answers that arrive at once', () => {
    const none = 'HTTP/1.1 204 No Content\r\nDate: today\r\n\r\n'
    expect(readAll(plain + none + chunked + plain).map(({ status }) => status)).toEqual([200, 204, 401, 200])
  })

  test('rejects data that is not a response, or does not show where it ends', () => {
    expect(() => readAll('SSH-2.0-OpenSSH\r\n\r\n')).toThrow('no HTTP/1.1 answer')
    expect(() => readAll('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nbody')).toThrow('does not tell its length')
    expect(() => readAll('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n')).toThrow('chunk')
  })
})
