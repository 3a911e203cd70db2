import { describe, expect, test } from 'vitest'
import { replaceRecord, verdictOf } from '../../src/suite-record.ts'
import { measurement, record } from './records.ts'

describe('the verdict of a measurement', () => {
  test('a ratio that reaches its goal meets it, the limit itself included', () => {
    expect(verdictOf(measurement({ goal: { atLeast: 2 } }))).toBe('met')
    expect(verdictOf(measurement({ goal: { atLeast: 2.01 } }))).toBe('short')
    expect(verdictOf(measurement({ goal: { atMost: 2 } }))).toBe('met')
    expect(verdictOf(measurement({ goal: { atMost: 1.99 } }))).toBe('short')
  })

  test('a goal may be for a figure instead', () => {
    expect(verdictOf(measurement({ goal: { figure: 'our_p99_ms', atMost: 5 } }))).toBe('met')
    expect(verdictOf(measurement({ goal: { figure: 'our_p99_ms', atMost: 3 } }))).toBe('short')
  })

  test('there is none without a goal', () => {
    expect(verdictOf(measurement())).toBeUndefined()
  })

  test('a goal for something that was not measured is a mistake, not a success', () => {
    const { ratio: _, ...bare } = measurement({ goal: { atMost: 5 } })
    expect(() => verdictOf(bare)).toThrow(TypeError)
    expect(() => verdictOf(measurement({ goal: { figure: 'other', atMost: 5 } }))).toThrow(TypeError)
  })
})

describe('the results of a suite that was measured again', () => {
  const suites = [{ name: 'first' }, { name: 'second' }, { name: 'third' }]
  const old = [record('third', []), record('first', []), record('gone', [])]

  test('take the place of its old ones, and leave those of the others', () => {
    const again = record('first', [measurement()])
    expect(replaceRecord(old, again, suites)).toEqual([again, old[0]])
  })

  test('are in the order of the suites, without those of removed suites', () => {
    const replaced = replaceRecord(old, record('second', []), suites)
    expect(replaced.map(({ name }) => name)).toEqual(['first', 'second', 'third'])
  })
})
