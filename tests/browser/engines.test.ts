import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { findFirefox, findWebKit } from '@countersign/testing'
import { usedSecrets } from '@countersign/testing/trio'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { admin, type Fixture, hasBrowser, newPerson, openFixture, type Person } from './fixture.ts'
import { startFirefox, startWebKit } from './fixtures/driven-browsers.ts'
import { type EnginePage, playwrightPage, webDriverPage } from './fixtures/engine-page.ts'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const firefox = findFirefox()
const webKit = findWebKit()

interface Opened {
  page: EnginePage
  close(): Promise<void>
}

const driven = async (starting: ReturnType<typeof startFirefox>): Promise<Opened> => {
  const session = await starting
  return { page: webDriverPage(session), close: session.close }
}
const chromium = async (fixture: Fixture, width: number): Promise<Opened> => {
  const { page, context } = await fixture.visit({ viewport: { width, height: 800 } })
  return { page: playwrightPage(page), close: () => context.close() }
}

const engines: { name: string; isThere: boolean; open(fixture: Fixture): Promise<Opened> }[] = [
  { name: 'Chromium', isThere: hasBrowser, open: (fixture) => chromium(fixture, 1280) },
  { name: 'Chromium at 360 px', isThere: hasBrowser, open: (fixture) => chromium(fixture, 360) },
  { name: 'Firefox', isThere: firefox !== undefined, open: () => driven(startFirefox(firefox as string)) },
  { name: 'WebKit', isThere: webKit !== undefined, open: () => driven(startWebKit(webKit as never)) }
]

describe.skipIf(!hasBrowser)('the pages in every browser', () => {
  let fixture: Fixture

  beforeAll(async () => {
    fixture = await openFixture()
  })
  afterAll(() => fixture?.close())

  describe.each(engines)('$name', ({ name, isThere, open }) => {
    let page: EnginePage
    let opened: Opened | undefined

    beforeAll(async () => {
      if (!isThere) return
      opened = await open(fixture)
      page = opened.page
    })
    afterAll(() => opened?.close())

    const signIn = async ({ username, password }: Person) => {
      await page.goto(`${fixture.url}/sign-in`)
      await page.fill('Username', username)
      await page.fill('Password', password)
      await page.click('button', 'Sign in')
      await page.see('heading', 'Your account')
    }
    const signOut = async () => {
      const isSmall = await page.run<boolean>('return window.innerWidth < 700')
      if (isSmall) await page.click('button', 'Open the menu')
      await page.click('button', 'Sign out')
      await page.see('heading', 'Sign in')
    }
    /** What axe-core says of the page as it is, in the colours that its user chose. */
    const violationsIn = async (scheme: 'light' | 'dark', path: string, heading: string) => {
      await page.run(`localStorage.setItem('mantine-color-scheme-value', '${scheme}')`)
      await page.goto(fixture.url + path)
      await page.see('heading', heading)
      await page.run(
        `${axe}; window.found = undefined; axe.run().then((result) => { window.found = result.violations })`
      )
      await expect.poll(() => page.run('return window.found !== undefined'), { timeout: 20_000 }).toBe(true)
      const found = await page.run<string[]>(
        'return window.found.flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ": " + html))'
      )
      return found.map((text) => `${scheme} ${path} ${text}`)
    }

    test.runIf(isThere)(
      'signs up, reloads, changes the password, signs out and in again, and hears of other tabs',
      async () => {
        const person = newPerson()
        const changed = { ...person, password: `${person.password}-changed` }
        usedSecrets.add(changed.password)
        await page.goto(`${fixture.url}/register`)
        await page.fill('Username', person.username)
        await page.fill('Password', person.password)
        await page.click('button', 'Create account')
        await page.see('heading', 'Your account')
        await page.reload()
        await page.see('heading', 'Your account')
        await page.fill('Current password', person.password)
        await page.fill('New password', changed.password)
        await page.click('button', 'Change password')
        await page.see('text', 'Your password is changed. All other sessions have ended.')
        await signOut()
        await signIn(changed)
        // As another tab does at its sign-out.
        await page.run(`new BroadcastChannel('countersign-session').postMessage('signed_out')`)
        await page.see('heading', 'Sign in')
        await page.reload()
        await page.see('heading', 'Your account')
        expect(await page.run('return document.cookie')).toBe('')
        await signOut()
      }
    )

    // accessibility.test.ts asks it of every page in Chromium.
    test.runIf(isThere && !name.startsWith('Chromium'))(
      'has no axe violation in light or dark',
      { timeout: 180_000 },
      async () => {
        await page.goto(`${fixture.url}/sign-in`)
        const found = await violationsIn('light', '/sign-in', 'Sign in')
        await signIn(admin(fixture.trio))
        found.push(...(await violationsIn('dark', '/', 'Your account')))
        found.push(...(await violationsIn('light', '/admin', 'Dashboard')))
        found.push(...(await violationsIn('dark', '/admin/clients', 'Clients')))
        await page.click('button', 'New client')
        await page.see('button', 'Create client')
        expect(found).toEqual([])
      }
    )
  })
})
