import type { Logger } from '@countersign/service-kit'
import { hashSync } from 'bcryptjs'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type Decoys, type HashCounts, startDecoys } from '../../../src/passwords/decoys.ts'

const names = Array.from({ length: 2000 }, (_, at) => `name-${at}`)
const bcrypt = hashSync('x', 4)
const scrypt = '$scrypt$ln=10,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZg'
const logger = { warn: vi.fn() } as unknown as Logger

describe('decoys', () => {
  const all: Decoys[] = []

  afterEach(async () => {
    for (const decoys of all.splice(0)) await decoys.close()
  })

  const start = async (counts: HashCounts, key = new Uint8Array(32)) => {
    const decoys = await startDecoys({ key, readCounts: async () => counts, logger })
    all.push(decoys)
    return decoys
  }

  it('are like the hashes of today while nobody was imported, and when nothing can be counted', async () => {
    const decoys = await start({ users: 10, imported: [] })
    expect(decoys.hashFor('alice')).toBeUndefined()
    const failing = await startDecoys({
      key: new Uint8Array(32),
      readCounts: () => Promise.reject(new Error('unavailable')),
      logger
    })
    all.push(failing)
    expect(failing.hashFor('alice')).toBeUndefined()
    expect(logger.warn).toHaveBeenCalledOnce()
  })

  it('have each format as often as the users have it, and the same for a name in every replica', async () => {
    const counts = {
      users: 1000,
      imported: [
        { example: bcrypt, users: 500 },
        { example: scrypt, users: 100 },
        { example: `${scrypt}MDEyMzQ1Njc4OWFiY2RlZg`, users: 100 }
      ]
    }
    const [one, other] = [await start(counts), await start({ ...counts, imported: counts.imported.toReversed() })]
    const kindOf = (hash: string | undefined) => hash && `${hash.slice(0, 'imported:$2b$04'.length)} ${hash.length}`
    const shareOf = (start: string) =>
      names.filter((name) => one.hashFor(name)?.startsWith(start)).length / names.length
    expect(shareOf('imported:$2b$04$')).toBeCloseTo(0.5, 1)
    expect(shareOf('imported:$scrypt$ln=10,r=8,p=1$')).toBeCloseTo(0.2, 1)
    for (const name of names) expect(kindOf(one.hashFor(name))).toBe(kindOf(other.hashFor(name)))
    const foreign = await start(counts, new Uint8Array(32).fill(1))
    expect(names.some((name) => kindOf(one.hashFor(name)) !== kindOf(foreign.hashFor(name)))).toBe(true)
  })

  it('are all imported ones while the count of all users is older than the import', async () => {
    const decoys = await start({ users: 0, imported: [{ example: bcrypt, users: 500 }] })
    for (const name of names) expect(decoys.hashFor(name)).toMatch(/^imported:\$2b\$04\$/)
  })
})
