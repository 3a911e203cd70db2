import { existsSync } from 'node:fs'
import { readTestEnvironment } from './test-environment.ts'

/**
 * Finds the Chromium of the machine; the tests bring none along.
 * @throws {Error} when there is none, and `REQUIRE_CHROMIUM=1`
 */
export function findChromium(): string | undefined {
  const { chromiumPath, requiresChromium } = readTestEnvironment()
  const paths = chromiumPath ? [chromiumPath] : ['/usr/bin/chromium', '/usr/bin/chromium-browser']
  const found = paths.find((path) => existsSync(path))
  if (found === undefined && requiresChromium) {
    throw new Error('There is no Chromium: install the package chromium, or name it by CHROMIUM_PATH.')
  }
  return found
}
