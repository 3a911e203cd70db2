import { StartError } from '@countersign/service-kit'
import { describe, expect, test } from 'vitest'
import { ensureFirstAdmin } from '../../../src/accounts/first-admin.ts'
import type { NewUser, UserProfile, UserStore } from '../../../src/accounts/user-store.ts'
import type { PasswordHashing } from '../../../src/passwords/password-hashing.ts'

function fixture({ hasAdmin = false, nameIsTaken = false } = {}) {
  const created: NewUser[] = []
  const users = {
    hasUserWithRole: async () => hasAdmin,
    async createFirstWithRole(_role: string, user: NewUser) {
      if (nameIsTaken) return undefined
      created.push(user)
      return { username: user.username.display } as UserProfile
    }
  } as unknown as UserStore
  const passwords = { hash: async (password: string) => `hash of ${password}` } as unknown as PasswordHashing
  return { created, deps: { users, passwords } }
}

describe('the first admin', () => {
  test('is made with the password given, and no other is made up', async () => {
    const { created, deps } = fixture()
    const admin = await ensureFirstAdmin(deps, { username: 'root', password: 'given-password', generate: true })
    expect(admin).toEqual({ username: 'root', generatedPassword: undefined })
    expect(created).toMatchObject([{ passwordHash: 'hash of given-password', roles: ['admin'] }])
  })

  test('gets a random password when one is to be made up, and none without', async () => {
    const { created, deps } = fixture()
    const admin = await ensureFirstAdmin(deps, { username: 'admin', password: undefined, generate: true })
    expect(admin?.generatedPassword).toMatch(/^[\w-]{20}$/)
    expect(created[0]?.passwordHash).toBe(`hash of ${admin?.generatedPassword}`)
    expect(
      await ensureFirstAdmin(fixture().deps, { username: 'admin', password: undefined, generate: false })
    ).toBeUndefined()
  })

  test('is not made where there is an admin', async () => {
    const { created, deps } = fixture({ hasAdmin: true })
    expect(await ensureFirstAdmin(deps, { username: 'admin', password: 'p', generate: true })).toBeUndefined()
    expect(created).toEqual([])
  })

  test('whose name belongs to a plain user stops the start, with the variable to change', async () => {
    const { deps } = fixture({ nameIsTaken: true })
    const error: unknown = await ensureFirstAdmin(deps, { username: 'admin', password: 'p', generate: false }).catch(
      (e: unknown) => e
    )
    expect(error).toBeInstanceOf(StartError)
    expect((error as Error).message).toContain('COUNTERSIGN_ADMIN_USERNAME')
  })
})
