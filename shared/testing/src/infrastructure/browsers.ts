import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { readTestEnvironment } from './test-environment.ts'

/**
 * Where Chromium is, if possible the one without windows: the same engine in less time.
 * @param options.hasSettings whether it has to read the settings of a profile, which that one does not
 * @throws {Error} when it is required and missing; so do the others
 */
export function findChromium({ hasSettings = false } = {}): string | undefined {
  const { chromiumPath, requiresChromium } = readTestEnvironment()
  const names = [...(hasSettings ? [] : ['chromium-headless-shell']), 'chromium', 'chromium-browser']
  const paths = chromiumPath ? [chromiumPath] : names.map((name) => `/usr/bin/${name}`)
  return firstOf(paths, requiresChromium, 'There is no Chromium: install the package chromium, or set CHROMIUM_PATH.')
}

/** Where Firefox is. */
export function findFirefox(): string | undefined {
  const { firefoxPath, requiresFirefox } = readTestEnvironment()
  const paths = firefoxPath ? [firefoxPath] : ['/usr/bin/firefox-esr', '/usr/bin/firefox']
  return firstOf(paths, requiresFirefox, 'There is no Firefox: install the package firefox-esr, or set FIREFOX_PATH.')
}

/** Where WebKit is: its driver, the browser that the driver starts, and the X server that the browser needs. */
export interface WebKitPaths {
  readonly driver: string
  readonly browser: string
  readonly display: string
}

export function findWebKit(): WebKitPaths | undefined {
  const { executablePath, requiresWebKit } = readTestEnvironment()
  const missing = 'There is no WebKit: install the packages webkit2gtk-driver and xvfb.'
  const libraries = ['x86_64', 'aarch64'].flatMap((cpu) => [`/usr/lib/${cpu}-linux-gnu/webkit2gtk-4.1`])
  const onPath = (name: string) => executablePath.split(delimiter).map((folder) => join(folder, name))
  const driver = firstOf(onPath('WebKitWebDriver'), requiresWebKit, missing)
  const display = firstOf(onPath('Xvfb'), requiresWebKit, missing)
  const browser = firstOf(
    libraries.map((folder) => join(folder, 'MiniBrowser')),
    requiresWebKit,
    missing
  )
  return driver && display && browser ? { driver, display, browser } : undefined
}

function firstOf(paths: readonly string[], isRequired: boolean, missing: string): string | undefined {
  const found = paths.find((path) => existsSync(path))
  if (found === undefined && isRequired) throw new Error(missing)
  return found
}
