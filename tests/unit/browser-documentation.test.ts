import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import {
  mayReachApi,
  mayReachBrowser,
  requestHeaderNames,
  responseHeaderNames
} from '../../services/bff-service/src/proxy/header-names.ts'
import { proxiedMethods } from '../../services/bff-service/src/proxy/methods.ts'

const page = readFileSync(new URL('../../docs/browser.md', import.meta.url), 'utf8')
const section = (title: string) => page.split(`\n### ${title}\n`)[1]?.split(/\n##/)[0] as string
const words = (text: string) => [...text.matchAll(/`([^`]+)`/g)].map(([, word]) => word as string)
/** The list is the first paragraph below its heading. */
const listed = (title: string) => words(section(title).trim().split('\n\n')[0] as string)

describe('docs/browser.md', () => {
  test.each([
    ['Request headers', requestHeaderNames],
    ['Response headers', responseHeaderNames]
  ])('lists the %s that pass the proxy, and no other', (title, names) => {
    expect(listed(title).map((name) => name.toLowerCase())).toEqual(names)
  })

  test('lists the methods that pass the proxy, and no other', () => {
    expect(listed('Methods')).toEqual(proxiedMethods)
  })

  test('names headers that the settings refuse, and none that they take', () => {
    const [both, request, response] = section('What cannot be added')
      .split('\n* ')
      .slice(1)
      .map((item) =>
        words(item)
          .filter((word) => !word.startsWith('PROXY_'))
          .map((word) => word.toLowerCase().replace('…', 'x'))
      )
    expect([...(both ?? []), ...(request ?? [])].filter(mayReachApi)).toEqual([])
    expect([...(both ?? []), ...(response ?? [])].filter(mayReachBrowser)).toEqual([])
  })
})
