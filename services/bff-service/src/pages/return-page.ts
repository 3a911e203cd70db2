import { randomBytes } from 'node:crypto'
import { InvalidRequestError } from '@countersign/oauth'
import type { Context } from 'koa'

const texts = {
  en: { title: 'Signing in', text: 'You are almost there.', button: 'Continue' },
  de: { title: 'Anmeldung', text: 'Sie sind fast da.', button: 'Weiter' }
} as const

/**
 * The page that a browser gets when it comes back from another service: a form with what it brings, which is sent at once, or with the
 * button where no script runs. Nothing of the parameters is in the markup as it came.
 */
export function serveReturnPage(ctx: Context, providerId: string, parameters: readonly [string, string][]): void {
  const names = new Set(parameters.map(([name]) => name))
  if (names.size !== parameters.length) throw new InvalidRequestError({ description: 'A parameter is repeated.' })
  const returned = Buffer.from(JSON.stringify(Object.fromEntries(parameters))).toString('base64url')
  const nonce = randomBytes(16).toString('base64')
  const language = ctx.acceptsLanguages('en', 'de') === 'de' ? 'de' : 'en'
  const { title, text, button } = texts[language]
  ctx.set({
    'Content-Security-Policy': `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'nonce-${nonce}'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'`,
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    // The code in the address is for this origin alone. The browser says `Origin` when it posts, which `no-referrer` would take away.
    'Referrer-Policy': 'same-origin',
    'X-Frame-Options': 'DENY',
    'Cache-Control': 'no-store'
  })
  ctx.type = 'html'
  ctx.body = `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<style nonce="${nonce}">
:root { color-scheme: light dark; font-family: system-ui, sans-serif }
main { max-width: 24rem; margin: 4rem auto; padding: 0 1rem }
button { font: inherit; padding: 0.5rem 1rem }
</style>
</head>
<body>
<main>
<h1>${title}</h1>
<p>${text}</p>
<form method="post" action="/bff/providers/${providerId}/finish">
<input type="hidden" name="returned" value="${returned}">
<button type="submit">${button}</button>
</form>
</main>
<script nonce="${nonce}">document.forms[0].submit()</script>
</body>
</html>
`
}
