import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Fixture, hasBrowser, openFixture } from './fixture.ts'

const white = 'rgb(246, 248, 248)'
const dark = 'rgb(31, 31, 31)'

describe.skipIf(!hasBrowser)('the first paint of a page', () => {
  let fixture: Fixture

  beforeAll(async () => {
    fixture = await openFixture()
  })
  afterAll(() => fixture?.close())

  test.each([
    { chosen: 'dark', system: 'light', color: dark },
    { chosen: 'light', system: 'dark', color: white },
    { chosen: undefined, system: 'dark', color: dark },
    { chosen: undefined, system: 'light', color: white }
  ] as const)('is $color with $chosen chosen on a $system system', async ({ chosen, system, color }) => {
    const { page, context } = await fixture.visit({ colorScheme: system })
    await context.addInitScript((scheme) => {
      if (scheme) localStorage.setItem('mantine-color-scheme-value', scheme)
    }, chosen)
    // What is there before the scripts of the pages have come is what is painted first.
    await page.route('**/assets/*.js', (route) => route.abort())
    await page.goto('/sign-in')
    const seen = await page.evaluate(() => ({
      color: getComputedStyle(document.body).backgroundColor,
      scheme: getComputedStyle(document.documentElement).colorScheme
    }))
    expect(seen).toEqual({ color, scheme: color === dark ? 'dark' : 'light' })
    await page.unroute('**/assets/*.js')
    await page.reload()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe(color)
    expect(fixture.complaints.splice(0).filter((text) => !text.includes('ERR_FAILED'))).toEqual([])
    await context.close()
  })

  test('shows its spinner in the middle while the session is looked up', async () => {
    const { page } = await fixture.visit({ viewport: { width: 1280, height: 800 } })
    await page.route('**/bff/session', () => {})
    await page.goto('/')
    const spinner = await page.getByRole('main').getByRole('status').locator('> *').boundingBox()
    const { x = 0, width = 0, y = 0 } = spinner ?? {}
    expect(Math.abs(x + width / 2 - 640)).toBeLessThan(10)
    expect(y).toBeGreaterThan(100)
  })
})
