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
  let heavy = 0
  const gate: AdmissionGate = {
    requireRoom() {},
    run(_flow, task, { isHeavy } = { isHeavy: false }) {
      admitted++
      if (isHeavy) heavy++
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

  test('verifies a hash of more than 32 MiB as a heavy one', async () => {
    const at = (memoryCost: number) => hash('a password', { algorithm: 2, memoryCost, timeCost: 1, parallelism: 1 })
    heavy = 0
    expect(await passwords.verify(`imported:${await at(32 * 1024)}`, 'a password', flow)).toBe(true)
    expect(heavy).toBe(0)
    expect(await passwords.verify(`imported:${await at(33 * 1024)}`, 'a password', flow)).toBe(true)
    const scrypt = '$scrypt$ln=16,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZg'
    expect(await passwords.verify(`imported:${scrypt}`, 'a password', flow)).toBe(false)
    expect(heavy).toBe(2)
  })

  test('verifies what was typed, and its normal form, against a hash of another system', async () => {
    const [typed, normal] = ['cafe\u0301-au-lait', 'caf\u00e9-au-lait']
    const made = async (text: string) => `imported:${await hash(text, { memoryCost: 64, timeCost: 1 })}`
    expect(await passwords.verify(await made(typed), typed, flow)).toBe(true)
    expect(await passwords.verify(await made(normal), typed, flow)).toBe(true)
    expect(await passwords.verify(await made(typed), normal, flow)).toBe(false)
    expect(await passwords.verify(await made(normal), 'cafe-au-lait', flow)).toBe(false)
  })

  test('knows a hash of other parameters', async () => {
    expect(passwords.isOutdated(await passwords.hash('a password', flow))).toBe(false)
    const weaker = await hash('a password', { algorithm: 2, memoryCost: 8192, timeCost: 2, parallelism: 1 })
    expect(passwords.isOutdated(weaker)).toBe(true)
    expect(await passwords.verify(weaker, 'a password', flow)).toBe(true)
  })
})
