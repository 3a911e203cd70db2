import { type Logger, StartError } from '@countersign/service-kit'
import { describe, expect, test, vi } from 'vitest'
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
  const logger = { info() {}, warn: vi.fn() } as unknown as Logger
  return { created, logger, deps: { users, passwords, logger } }
}

describe('the first admin', () => {
  test('is made with the given password, and none is generated', async () => {
    const { created, deps } = fixture()
    const admin = await ensureFirstAdmin(deps, { username: 'root', password: 'given-password', generate: true })
    expect(admin).toEqual({ username: 'root', generatedPassword: undefined })
    expect(created).toMatchObject([{ passwordHash: 'hash of given-password', roles: ['admin'] }])
  })

  test('gets a random password when one is to be generated', async () => {
    const { created, deps } = fixture()
    const admin = await ensureFirstAdmin(deps, { username: 'admin', password: undefined, generate: true })
    expect(admin?.generatedPassword).toMatch(/^[\w-]{20}$/)
    expect(created[0]?.passwordHash).toBe(`hash of ${admin?.generatedPassword}`)
  })

  test('is not made without a password; the log names the variable that gives one', async () => {
    const { created, deps, logger } = fixture()
    const admin = await ensureFirstAdmin(deps, { username: 'admin', password: undefined, generate: false })
    expect(admin).toBeUndefined()
    expect(created).toEqual([])
    expect(logger.warn).toHaveBeenCalledWith(expect.stringContaining('COUNTERSIGN_ADMIN_PASSWORD'))
  })

  test('is not made when there is an admin', async () => {
    const { created, deps } = fixture({ hasAdmin: true })
    expect(await ensureFirstAdmin(deps, { username: 'admin', password: 'p', generate: true })).toBeUndefined()
    expect(created).toEqual([])
  })

  test('stops the start when its name belongs to a plain user, and names the variable to change', async () => {
    const { deps } = fixture({ nameIsTaken: true })
    const error: unknown = await ensureFirstAdmin(deps, {
      username: 'admin',
      password: 'given-password',
      generate: false
    }).catch((e: unknown) => e)
    expect(error).toBeInstanceOf(StartError)
    expect((error as Error).message).toContain('COUNTERSIGN_ADMIN_USERNAME')
  })

  test('is not made with one of the most used passwords', async () => {
    const { created, deps } = fixture()
    await expect(
      ensureFirstAdmin(deps, { username: 'admin', password: 'password123', generate: false })
    ).rejects.toThrow(/COUNTERSIGN_ADMIN_PASSWORD: .*most used/)
    expect(created).toEqual([])
  })
})
