import { createHash } from 'node:crypto'
import type { Middleware } from 'koa'

/** `GET /`: says where the APIs are. It has no script, and the policy in its headers allows none. */
export function startPage({ issuer, apiUrl }: { issuer: string; apiUrl: string }): Middleware {
  const page = render(issuer, apiUrl)
  return function answerStartPage(ctx) {
    ctx.type = 'html'
    ctx.set(
      'Content-Security-Policy',
      `default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`
    )
    ctx.body = page
  }
}

const style = `
  :root { color-scheme: light dark; font: 1rem/1.6 system-ui, sans-serif; }
  body { margin: 12vh auto; max-width: 40rem; padding: 0 1.5rem; }
  h1 { font-size: 1.75rem; margin-bottom: 0; }
  dt { font-weight: 600; margin-top: 1.25rem; }
  dd { margin: 0; }
  code { font-size: .95em; }
`

const styleHash = createHash('sha256').update(style).digest('base64')

function render(issuer: string, apiUrl: string): string {
  const [auth, api] = [escapeHtml(issuer), escapeHtml(apiUrl)]
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Countersign</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>Countersign</h1>
<p>JWTs that you can take back.</p>
<dl>
<dt>auth-service</dt>
<dd><a href="${auth}/openapi.json">${auth}</a> issues the tokens: <code>POST /auth/register</code>, <code>/auth/login</code>, <code>/auth/refresh</code>, <code>/auth/logout</code>.</dd>
<dt>resource-service</dt>
<dd><a href="${api}/public">${api}</a> is the protected API: <code>GET /public</code>, <code>/me</code>, <code>/admin/dashboard</code>.</dd>
</dl>
</main>
</body>
</html>
`
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
