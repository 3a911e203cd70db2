import { describe, expect, test } from 'vitest'
import { summariseProfile } from '../../src/cpu-profile.ts'

const frame = (functionName: string, url: string) => ({ functionName, url, lineNumber: 1 })
const profile = {
  nodes: [
    { id: 1, callFrame: frame('(idle)', '') },
    { id: 2, callFrame: frame('verify', 'file:///somewhere/project/node_modules/jose/dist/verify.js') },
    { id: 3, callFrame: frame('', 'file:///somewhere/project/shared/verifier/dist/key-set.js') },
    { id: 4, callFrame: frame('writev', '') },
    { id: 5, callFrame: frame('verify', 'file:///somewhere/project/node_modules/jose/dist/verify.js') },
    { id: 6, callFrame: frame('(garbage collector)', '') },
    { id: 7, callFrame: frame('emit', 'node:events') }
  ],
  samples: [1, 7, 2, 3, 5, 4, 6, 1],
  timeDeltas: [500, 4, 30, 20, 30, 10, 6, 900]
}

describe('the summary of a profile', () => {
  test('adds up functions that appear several times, as shares of the time that was not idle', () => {
    const { functions } = summariseProfile('cold', profile, '/somewhere/project/')
    expect(functions[0]).toEqual({ where: 'verify (jose/dist/verify.js)', share: 0.6 })
    expect(functions.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1)
  })

  test('names files relative to their package or the root, and other entries as they are', () => {
    const { functions } = summariseProfile('cold', profile, '/somewhere/project/')
    expect(functions.map(({ where }) => where)).toEqual([
      'verify (jose/dist/verify.js)',
      '(anonymous) (shared/verifier/dist/key-set.js)',
      'writev (native)',
      '(garbage collector)',
      'emit (node:events)'
    ])
  })

  test('keeps to the largest', () => {
    expect(summariseProfile('cold', profile, '/somewhere/project/', 2).functions).toHaveLength(2)
  })

  test('a profile in which nothing ran is empty', () => {
    expect(summariseProfile('cold', { ...profile, samples: [1], timeDeltas: [5] }, '/').functions).toEqual([])
  })
})
