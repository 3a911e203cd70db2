import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createEventStreamParser, type StreamEvent } from '../../../src/issuer-feed/event-stream.ts'

function eventsIn(...parts: (string | Uint8Array)[]): StreamEvent[] {
  const events: StreamEvent[] = []
  const parse = createEventStreamParser((event) => events.push(event))
  for (const part of parts) parse(typeof part === 'string' ? Buffer.from(part) : part)
  return events
}

describe('the parser of event streams', () => {
  test('reads name, data of several lines, and the id, which stays', () => {
    expect(eventsIn('id: 7\nevent: a\ndata: 1\ndata:2\n\ndata: 3\r\n\r\n')).toEqual([
      { name: 'a', data: '1\n2', lastId: '7' },
      { name: 'message', data: '3', lastId: '7' }
    ])
  })

  test('passes over comments, unknown fields, and events without data', () => {
    expect(eventsIn(': comment\n\nretry: 5\n\nevent: a\n\nevent: b\nevent\ndata\n\n')).toEqual([
      { name: 'message', data: '', lastId: undefined }
    ])
  })

  test('reads the same wherever the bytes are cut', () => {
    const whole = Buffer.from('id: é\nevent: ü\ndata: {"a":"日本"}\n\n: x\ndata: 2\n\n')
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: whole.length })), (cuts) => {
        const at = [0, ...cuts.sort((one, other) => one - other), whole.length]
        const parts = at.slice(1).map((end, index) => new Uint8Array(whole.subarray(at[index], end)))
        expect(eventsIn(...parts)).toEqual(eventsIn(whole))
      })
    )
  })

  test('throws for a line without end, and for an event without end, before it holds more than a mebibyte', () => {
    const block = 'x'.repeat(64 * 1024)
    const feed = (text: string) => {
      const parse = createEventStreamParser(() => {})
      for (let at = 0; at < 20; at++) parse(Buffer.from(text))
    }
    expect(() => feed(block)).toThrow('more than 1048576 bytes')
    expect(() => feed(`data: ${block}\n`)).toThrow('more than 1048576 bytes')
  })
})
