import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createKeySealing } from '../../../src/keys/key-sealing.ts'
import { createMasterKey } from '../../../src/keys/master-keys.ts'
import { createSigningKeyAdministration } from '../../../src/keys/signing-key-administration.ts'
import type { NewSigningKey, SigningKeyStore, StoredSigningKey } from '../../../src/keys/signing-key-store.ts'

const sealing = createKeySealing([createMasterKey(randomBytes(32))])
const stranger = createKeySealing([createMasterKey(randomBytes(32))])
const day = 86_400
const policy = { rotationSeconds: 30 * day, leadSeconds: 420 }

/** The rules of the table, in memory, with a clock that a test sets. */
function createStore() {
  let clock = 0
  const rows: StoredSigningKey[] = []
  const at = () => new Date(clock * 1000)
  const find = (state: string) => rows.find((row) => row.state === state)
  const set = (row: StoredSigningKey | undefined, change: Partial<StoredSigningKey>) => {
    if (row) rows[rows.indexOf(row)] = { ...row, ...change }
  }
  const promote = () => !find('signing') && set(find('next'), { state: 'signing', signsFrom: at() })
  const store: SigningKeyStore = {
    list: async () => ({ keys: [...rows], now: at() }),
    async fill(key) {
      promote()
      if (find('signing') && find('next')) return false
      const state = find('signing') ? 'next' : 'signing'
      const signsFrom = state === 'signing' ? at() : null
      rows.push({ ...key, state, createdAt: at(), signsFrom, retiredAt: null, revokedAt: null })
      return true
    },
    async rotate({ from, to, next }) {
      if (find('signing')?.kid !== from || find('next')?.kid !== to) return { outcome: 'overtaken' }
      set(find('signing'), { state: 'retired', retiredAt: at() })
      promote()
      await store.fill(next)
      return { outcome: 'rotated' }
    },
    async revoke(kid) {
      const row = rows.find((one) => one.kid === kid)
      if (!row) return { outcome: 'unknown' }
      if (row.state === 'signing' && !find('next')) return { outcome: 'no_successor' }
      set(row, { state: 'revoked', revokedAt: at(), sealedPrivateJwk: null })
      promote()
      return { outcome: 'revoked', entries: [] }
    },
    removeDead: async () => [],
    async reseal(kid, { to }) {
      set(
        rows.find((row) => row.kid === kid),
        { sealedPrivateJwk: to }
      )
      return true
    }
  }
  const wait = (seconds: number) => {
    clock += seconds
  }
  return { store, rows, find, wait }
}

function setUp() {
  const memory = createStore()
  let made = 0
  const generate = async (): Promise<NewSigningKey> => {
    const kid = `key-${++made}`
    return { kid, publicJwk: {}, sealedPrivateJwk: await sealing.seal(kid, { kty: 'RSA' }) }
  }
  const administration = createSigningKeyAdministration({ store: memory.store, sealing, policy, generate })
  return { ...memory, administration, made: () => made }
}

describe('the schedule of signing keys', () => {
  test('makes a key that signs and a next key, and then nothing until one is due', async () => {
    const { administration, find, wait, made } = setUp()
    expect(await administration.maintain()).toMatchObject({ published: ['key-1', 'key-2'], rotatedTo: undefined })
    wait(30 * day - 1)
    expect(await administration.maintain()).toMatchObject({ published: [], rotatedTo: undefined })
    expect(made()).toBe(2)
    wait(1)
    expect(await administration.maintain()).toMatchObject({ published: ['key-3'], rotatedTo: 'key-2' })
    expect([find('next')?.kid, find('signing')?.kid, find('retired')?.kid]).toEqual(['key-3', 'key-2', 'key-1'])
  })

  test('waits for a next key that caches may not know yet, however long the rotation is due', async () => {
    const { administration, store, wait } = setUp()
    await administration.maintain()
    wait(40 * day)
    await store.revoke('key-2', { reason: 'test' })
    expect(await administration.maintain()).toMatchObject({ published: ['key-3'], rotatedTo: undefined })
    wait(419)
    expect(await administration.maintain()).toMatchObject({ rotatedTo: undefined })
    expect(await administration.rotate({ reason: 'test' })).toMatchObject({ outcome: 'too_early', inSeconds: 1 })
    wait(1)
    expect(await administration.maintain()).toMatchObject({ rotatedTo: 'key-3' })
  })

  test('lets no next key sign that cannot be opened, and a revocation puts another in its place', async () => {
    const { administration, rows, find, wait } = setUp()
    await administration.maintain()
    const sealedPrivateJwk = await stranger.seal('key-2', { kty: 'RSA' })
    rows[1] = { ...(rows[1] as StoredSigningKey), sealedPrivateJwk }
    wait(31 * day)
    expect(await administration.maintain()).toMatchObject({ rotatedTo: undefined, blocked: 'next_key_unusable' })
    expect(await administration.rotate({ reason: 'test' })).toEqual({ outcome: 'next_key_unusable' })
    expect(find('signing')?.kid).toBe('key-1')
    expect(await administration.revoke('key-1', { reason: 'test' })).toMatchObject({ outcome: 'revoked' })
    expect(rows.filter(({ state }) => state === 'revoked').map(({ kid }) => kid)).toEqual(['key-1', 'key-2'])
    expect(find('signing')?.kid).toBe('key-3')
  })

  test('stops at as many keys as verifiers take', async () => {
    const { administration, rows, wait } = setUp()
    await administration.maintain()
    for (let at = 0; at < 48; at++) {
      wait(31 * day)
      expect((await administration.maintain()).blocked).toBeUndefined()
    }
    expect(rows).toHaveLength(50)
    wait(31 * day)
    expect(await administration.maintain()).toMatchObject({ rotatedTo: undefined, blocked: 'too_many_keys' })
    expect(await administration.rotate({ reason: 'test' })).toEqual({ outcome: 'too_many_keys' })
  })

  test('fails with an error when new keys do not replace a missing one', async () => {
    const { store, administration, made } = setUp()
    store.fill = async () => true
    await expect(administration.maintain()).rejects.toThrow('do not take its place')
    expect(made()).toBe(10)
  })
})
