import { randomUUID } from 'node:crypto'
import { query } from '@countersign/testing/trio'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { admin, type Fixture, hasBrowser, openFixture, signInOnPage } from './fixture.ts'

describe.skipIf(!hasBrowser)('the lists of the administration', () => {
  let fixture: Fixture
  let page: Page
  const mark = randomUUID().slice(0, 8)

  beforeAll(async () => {
    fixture = await openFixture()
    page = (await fixture.visit()).page
    await query(
      fixture.database.url,
      `INSERT INTO users (id, username, username_key, email, password_hash, roles)
       SELECT gen_random_uuid(), name, lower(name), NULL, 'none', '{}'::text[]
       FROM unnest($1::text[]) AS names(name)
       UNION ALL
       SELECT gen_random_uuid(), 'many-' || n, 'many-' || n, 'many-' || n || '@example.org', 'none', '{}'::text[]
       FROM generate_series(100, 150) n`,
      [[`john.adams-${mark}`]]
    )
    await query(
      fixture.database.url,
      `INSERT INTO clients (id, name, auth_method, grant_types, scopes, audiences, resources, may_act_for, epoch)
       SELECT 'many-' || n, 'Many', 'client_secret_basic', '{}'::text[], '{}'::text[], '{}'::text[], '{}'::text[], '{}'::text[], gen_random_uuid()
       FROM generate_series(100, 150) n`
    )
    await signInOnPage(page, admin(fixture.trio))
  })
  afterAll(() => fixture?.close())

  const rows = () => page.getByRole('row')
  const link = (name: string) => page.getByRole('link', { name, exact: true })

  test('a search is in the address, and Back finds it again; a link to the list begins a new one', async () => {
    await page.goto('/admin/users')
    const field = page.getByRole('searchbox')
    await field.pressSequentially('adams')
    await link(`john.adams-${mark}`).waitFor()
    await expect.poll(() => rows().count()).toBe(2)
    await expect.poll(() => new URL(page.url()).search).toBe('?search=adams')
    await link(`john.adams-${mark}`).click()
    await page.getByRole('heading', { level: 1, name: `john.adams-${mark}` }).waitFor()
    await page.goBack()
    await link(`john.adams-${mark}`).waitFor()
    expect(await field.inputValue()).toBe('adams')
    expect(await rows().count()).toBe(2)
    await page.getByRole('navigation', { name: 'Pages' }).first().getByRole('link', { name: 'Users' }).click()
    await expect.poll(() => field.inputValue()).toBe('')
    await expect.poll(() => rows().count()).toBeGreaterThan(2)
    await page.goBack()
    await expect.poll(() => field.inputValue()).toBe('adams')
  })

  test('a link that is followed while a search is being typed leads where it leads', async () => {
    await page.goto('/admin/users?search=many-101')
    await link('many-101').waitFor()
    await page.evaluate(async () => {
      const field = document.querySelector('input')
      const target = [...document.querySelectorAll('a')].find(({ textContent }) => textContent === 'many-101')
      if (!field || !target) throw new Error('the list is not there')
      const type = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')?.set
      type?.call(field, 'many-1')
      field.dispatchEvent(new Event('input', { bubbles: true }))
      // The pause after which the search is applied ends between the click and the next page.
      const typedAt = performance.now()
      await new Promise((resolve) => setTimeout(resolve, 235))
      target.click()
      while (performance.now() - typedAt < 300);
    })
    await page.getByRole('heading', { level: 1, name: 'many-101' }).waitFor()
    expect(new URL(page.url()).search).toBe('')
  })

  test('a search is found by its address, and one that was filled in without an event by Enter', async () => {
    await page.goto('/admin/users?search=many-101')
    await link('many-101').waitFor()
    const field = page.getByRole('searchbox')
    expect(await field.inputValue()).toBe('many-101')
    await field.evaluate((input) => {
      ;(input as HTMLInputElement).value = 'many-102@example'
    })
    await field.press('Enter')
    await link('many-102').waitFor()
    await expect.poll(() => rows().count()).toBe(2)
  })

  test.each([
    ['users', '/admin/users?search=many', 'many-120'],
    ['clients', '/admin/clients', 'many-125']
  ])('%s: Back from a page of the list leads to that page again', async (_name, address, name) => {
    await page.goto(address)
    await page.getByRole('button', { name: 'Next' }).click()
    await link(name).click()
    await page.getByRole('heading', { level: 1, name }).waitFor()
    await page.goBack()
    await link(name).waitFor()
    await page.reload()
    await link(name).waitFor()
    await page.getByRole('button', { name: 'Previous' }).click()
    await link('many-100').waitFor()
    await link(name).waitFor({ state: 'detached' })
    expect(page.url().endsWith(address)).toBe(true)
    expect(await page.getByRole('button', { name: 'Previous' }).isDisabled()).toBe(true)
  })

  test('the audit log keeps its filter at the next page, and drops the place with the filter', async () => {
    await query(
      fixture.database.url,
      `INSERT INTO audit_events (type, user_id)
       SELECT 'session.started', id FROM users, generate_series(1, 60) WHERE username = 'many-100'`
    )
    await page.goto('/admin/audit?username=many-100')
    await page.getByRole('button', { name: 'Next' }).click()
    await expect.poll(() => page.url()).toMatch(/username=many-100&cursor=/)
    await page.goBack()
    await expect.poll(() => page.url()).not.toContain('cursor')
    await page.goForward()
    await page.getByRole('button', { name: 'Clear the filter' }).click()
    await expect.poll(() => new URL(page.url()).search).toBe('')
  })

  test.each([
    ['user', `/admin/users/${randomUUID()}`, 'users'],
    ['client', '/admin/clients/nobody', 'clients']
  ])('a %s who is not there leads back to the list', async (_name, address, list) => {
    await page.goto(address)
    const back = link(`To the list of ${list}`)
    await back.waitFor()
    expect(await page.getByRole('button', { name: 'Try again' }).count()).toBe(0)
    await back.click()
    await page.getByRole('row').first().waitFor()
    expect(new URL(page.url()).pathname).toBe(`/admin/${list}`)
  })

  test('no page of all these has broken its policy or thrown', () => {
    expect(fixture.complaints).toEqual([])
  })
})
