import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findLastingPort } from '@countersign/testing'
import { untilReady } from '@countersign/testing/trio'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Fixture, hasBrowser, newPerson, openFixture, registerOnPage } from './fixture.ts'
import { problemsOf, show, ways } from './fixtures/accessibility.ts'

const productName = 'Ärzte & "Söhne" <b>$&'
const logo = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" onload="parent.ran = 1">
  <script>window.ran = 1; document.documentElement.setAttribute('data-ran', '')</script>
  <circle cx="16" cy="16" r="15" fill="#7a1fa2"/></svg>`

describe.skipIf(!hasBrowser)("an operator's name, logo and color", () => {
  let fixture: Fixture
  let folder: string
  let baseURL: string
  const environment = (values: Record<string, string>) => ({
    PUBLIC_URL: baseURL,
    PORT: new URL(baseURL).port,
    PRODUCT_NAME: productName,
    ...values
  })

  beforeAll(async () => {
    fixture = await openFixture()
    folder = await mkdtemp(join(tmpdir(), 'logo-'))
    await writeFile(join(folder, 'logo.svg'), logo)
    await writeFile(join(folder, 'large.svg'), `<svg>${' '.repeat(128 * 1024)}</svg>`)
    await writeFile(join(folder, 'logo.gif'), 'GIF89a')
    baseURL = `http://localhost:${await findLastingPort()}`
  })
  afterAll(async () => {
    await fixture?.close()
    if (folder) await rm(folder, { recursive: true })
  })

  test.each([
    ['missing.svg', /LOGO_FILE cannot be read/],
    ['large.svg', /LOGO_FILE has more than 128 KiB/],
    ['logo.gif', /LOGO_FILE is neither/]
  ])('a logo %s stops the start with a sentence', async (name, message) => {
    const start = fixture.trio.startBff(environment({ LOGO_FILE: join(folder, name) }))
    await expect(start).rejects.toThrow(message)
  })

  test('are on every page, readable in light and in dark, and no script of the logo runs', async () => {
    const settings = { LOGO_FILE: join(folder, 'logo.svg'), PRIMARY_COLOR: '#FFEB3B' }
    await untilReady(await fixture.trio.startBff(environment(settings)))
    const { page } = await fixture.visit({ baseURL })
    await page.goto('/sign-in')
    await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor()
    expect(await page.title()).toBe(`Sign in · ${productName}`)
    const home = page.getByRole('banner').getByRole('link')
    expect((await home.innerText()).trim()).toBe(productName)
    const image = home.locator('img')
    const isShown = () => image.evaluate((one: HTMLImageElement) => one.complete && one.naturalWidth > 0)
    await expect.poll(isShown).toBe(true)
    const path = (await image.getAttribute('src')) ?? ''
    expect(path).toMatch(/^\/assets\/logo-[\w-]{16}\.svg$/)
    expect(await page.locator('link[rel="icon"]').getAttribute('href')).toBe(path)
    const color = await page
      .getByRole('button', { name: 'Sign in' })
      .evaluate((one) => getComputedStyle(one).backgroundColor)
    const [red = 0, green = 0, blue = 0] = (color.match(/\d+/g) ?? []).map(Number)
    expect(red).toBeGreaterThan(blue + 50)
    expect(green).toBeGreaterThan(blue + 50)
    for (const way of ways) {
      if (!process.env.SCREENSHOTS_TO) break
      await show(page, way)
      await page.screenshot({ path: `${process.env.SCREENSHOTS_TO}/brand-${way.name}.png` })
    }
    expect(await problemsOf(page)).toEqual([])
    await registerOnPage(page, newPerson())
    expect(await problemsOf(page)).toEqual([])

    expect(await page.evaluate(() => 'ran' in window)).toBe(false)
    const response = await page.goto(path)
    expect(response?.headers()).toMatchObject({
      'content-type': 'image/svg+xml',
      'cache-control': 'public, max-age=31536000, immutable',
      'x-content-type-options': 'nosniff'
    })
    expect(await page.evaluate(() => document.documentElement.hasAttribute('data-ran'))).toBe(false)
    fixture.complaints.splice(0)
  })
})
