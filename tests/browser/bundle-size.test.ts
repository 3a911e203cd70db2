import { readdirSync, readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'

const dist = new URL('../../services/bff-service/web/dist/', import.meta.url)
const page = readFileSync(new URL('index.html', dist), 'utf8')
const first = [...page.matchAll(/(?:src|href)="\.\/(assets\/[^"]+\.js)"/g)].map(([, path]) => path as string)
const gzipped = (path: string) => gzipSync(readFileSync(new URL(path, dist)), { level: 9 }).length

describe('the production build', () => {
  test("the first page's JavaScript is under 250 kB gzipped", () => {
    expect(first.length).toBeGreaterThan(0)
    const bytes = first.map(gzipped).reduce((sum, size) => sum + size)
    expect(bytes).toBeGreaterThan(10_000)
    expect(bytes).toBeLessThan(250_000)
  })

  test('the admin part and its charts are loaded apart', () => {
    const texts = first.map((path) => readFileSync(new URL(path, dist), 'utf8')).join('')
    expect(texts).not.toContain('recharts')
    expect(texts).not.toContain('Rotate the signing keys?')
    const others = readdirSync(new URL('assets/', dist)).filter(
      (name) => name.endsWith('.js') && !first.includes(`assets/${name}`)
    )
    const apart = others.map((name) => readFileSync(new URL(`assets/${name}`, dist), 'utf8')).join('')
    expect(apart).toContain('Rotate the signing keys?')
    expect(apart).toContain('recharts')
  })

  test('each file of the assets has the hash of its content in its name', () => {
    for (const name of readdirSync(new URL('assets/', dist)))
      expect(name).toMatch(/-[\w-]{8}\.(?:js|css|svg|woff2)(?:\.br|\.gz)?$/)
  })
})
