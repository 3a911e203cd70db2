import { describe, expect, test } from 'vitest'
import { toMarkdown } from '../../src/report.ts'
import { measurement, record } from './records.ts'

const records = [
  record('protected-route', [
    measurement({ goal: { atLeast: 2 } }),
    measurement({ name: 'cold', goal: { atLeast: 3 }, note: 'the load generator was the limit.' })
  ]),
  record('start-up', [
    measurement({ name: 'a | b', ratio: { value: 0.5, min: 0.5, max: 0.5, rounds: 1, against: '<x>' } })
  ])
]

describe('the page of results', () => {
  test('starts with how many goals are met, and which are not', () => {
    const page = toMarkdown(records)
    expect(page).toContain('**1 of 2 goals are met.**')
    expect(page).toContain('* protected-route, cold: 2 of a peer; goal at least 3')
    expect(page.indexOf('protected-route, cold')).toBeLessThan(page.indexOf('## protected-route'))
  })

  test('a row has the ratio with its range, what it is against, the goal with the verdict, and the figures', () => {
    expect(toMarkdown(records)).toContain(
      '| warm | **2** (1.9 to 2.2, 7 rounds) | a peer | at least 2: met | our p99 ms **4** |'
    )
    expect(toMarkdown(records)).toContain('at least 3: **short**')
  })

  test('a line that compares two of the same is marked as such', () => {
    const aa = record('refresh', [measurement({ name: 'refresh', isNoise: true })])
    expect(toMarkdown([aa])).toContain('| *A/A: refresh* | **2** (1.9 to 2.2, 7 rounds) | a peer |')
    expect(toMarkdown(records)).not.toContain('*A/A:')
  })

  test('a bar in a name does not end its cell', () => {
    expect(toMarkdown(records)).toContain('| a \\| b | **0.5** |')
  })

  test('notes, settings, profiles and the machine stand under the table of their suite', () => {
    const [first] = records as [(typeof records)[number]]
    const page = toMarkdown([
      {
        ...first,
        settings: [{ contestant: 'a peer', versions: { koa: '3.3.0' }, options: '`{ cache: true }`', checks: 'all' }],
        profiles: [{ name: 'cold', functions: [{ where: 'verify (jose/index.js)', share: 0.256 }] }]
      }
    ])
    expect(page).toContain('* cold: the load generator was the limit.')
    expect(page).toContain('* **a peer**: koa 3.3.0. `{ cache: true }`. Checks all.')
    expect(page).toContain('| 25.6 % | verify (jose/index.js) |')
    expect(page).toContain('processor: a processor; cores: 2')
  })
})
