import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { routesOf } from '../../../src/endpoints/routes.ts'
import { apiPage } from '../../../src/routing/api-page.ts'
import { describeRoutes } from '../../../src/routing/openapi.ts'
import { defineRoute } from '../../../src/routing/route.ts'

const issuer = 'https://auth.example.com'
const routes = routesOf(issuer)

describe('the API page', () => {
  const page = apiPage(describeRoutes(routes, issuer))

  test.each(routes.map(({ method, path, summary }) => [`${method.toUpperCase()} ${path}`, path, summary] as const))(
    'has a section for %s, with its summary and who may call it',
    (name, path, summary) => {
      const [method] = name.split(' ')
      const heading = `<span class="method">${method}</span><code>${path.replaceAll(/:(\w+)/g, '{$1}')}</code></h3>`
      const section = page.split(heading)[1]?.split('</section>')[0]
      expect(section).toContain(summary.replaceAll("'", '&#39;'))
      expect(section).toMatch(/Who may call it:<\/strong> \w+/)
    }
  )

  test('links to sections that are there, and gives each id once', () => {
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id)
    const targets = [...page.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id)
    expect(new Set(ids).size).toBe(ids.length)
    expect(targets.filter((target) => !ids.includes(target))).toEqual([])
  })

  test('shows types, bounds, defaults and required members', () => {
    const login = page.split('<section id="post-auth-login">')[1]?.split('</section>')[0]
    expect(login).toContain('<dt><code>username</code> string <em>required</em></dt>\n<dd>1 to 256 characters')
    const sessions = page.split('<section id="get-auth-sessions">')[1]?.split('</section>')[0]
    expect(sessions).toContain('<dt><code>?limit</code> integer</dt>\n<dd>1 to 100, default 100')
  })

  test('has neither scripts nor addresses', () => {
    expect(page).not.toMatch(/<script|<link|<img|\son\w+=|\sstyle=|(src|href)="(?!#|openapi\.json")|url\(|@import/i)
  })

  test('escapes what routes and schemas say', () => {
    const text = `<img src=x onerror="alert('1')">&`
    const route = defineRoute(
      {
        method: 'post',
        path: `/${text}`,
        summary: text,
        access: 'public',
        query: z.object({ [text]: z.string().default(text).meta({ description: text }) }),
        body: z.object({ [text]: z.enum([text, 'two']) }).meta({ id: 'Named' }),
        response: { status: 200, schema: z.object({ [text]: z.string().regex(/<b>/) }) }
      },
      () => () => ({ [text]: 'x' })
    )
    const escaped = apiPage(describeRoutes([route], issuer))
    expect(escaped).not.toContain('<img')
    expect(escaped).not.toContain('<b>')
    expect(escaped).toContain('&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;')
  })
})
