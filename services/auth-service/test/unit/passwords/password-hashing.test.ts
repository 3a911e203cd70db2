import { hash } from '@node-rs/argon2'
import { beforeAll, describe, expect, test } from 'vitest'
import type { AdmissionGate } from '../../../src/passwords/admission-gate.ts'
import {
  createPasswordHashing,
  ownHashFunctions,
  type PasswordHashing
} from '../../../src/passwords/password-hashing.ts'

const flow = { network: '192.0.2.1', account: 'alice' }

describe('password hashing', () => {
  let admitted = 0
  const gate: AdmissionGate = {
    requireRoom() {},
    run(_flow, task) {
      admitted++
      return task()
    }
  }
  let passwords: PasswordHashing

  beforeAll(async () => {
    passwords = await createPasswordHashing(gate, ownHashFunctions)
  })

  test('verifies a password against its hash, however its accents were typed', async () => {
    const made = await passwords.hash('caf\u00e9-au-lait', flow)
    expect(made).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
    expect(await passwords.verify(made, 'cafe\u0301-au-lait', flow)).toBe(true)
    expect(await passwords.verify(made, 'cafe-au-lait', flow)).toBe(false)
  })

  test('does the same work for an unknown user, and says no', async () => {
    admitted = 0
    const time = async (passwordHash: string | undefined) => {
      const begin = performance.now()
      expect(await passwords.verify(passwordHash, 'whatever it is', flow)).toBe(false)
      return performance.now() - begin
    }
    const known = await passwords.hash('another password', flow)
    admitted = 0
    await time(known)
    await time(undefined)
    expect(admitted).toBe(2)
  })

  test('knows a hash of other parameters', async () => {
    expect(passwords.isOutdated(await passwords.hash('a password', flow))).toBe(false)
    const weaker = await hash('a password', { algorithm: 2, memoryCost: 8192, timeCost: 2, parallelism: 1 })
    expect(passwords.isOutdated(weaker)).toBe(true)
    expect(await passwords.verify(weaker, 'a password', flow)).toBe(true)
  })
})
