import { NotFoundError } from '@countersign/oauth'
import type Router from '@koa/router'
import type { Context } from 'koa'
import { html } from '../html.ts'
import type { CapturedMail, MailCapture } from '../mail/captured-mail.ts'

/**
 * Adds `GET /dev/mail`, which shows mail that was kept instead of sent, to this machine alone: links in it open accounts. The name
 * in the request is checked, too, since a page of another site may have its name resolve to loopback.
 */
export function addCapturedMail(router: Router, capture: MailCapture): void {
  router.get('/dev/mail', (ctx) => {
    if (!isFromThisMachine(ctx)) throw new NotFoundError()
    ctx.set('Cache-Control', 'no-store')
    const mails = capture.list()
    if (ctx.accepts('html', 'json') === 'json') {
      ctx.body = { mails }
      return
    }
    ctx.set(
      'Content-Security-Policy',
      "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    ctx.type = 'text/html; charset=utf-8'
    ctx.body = pageOf(mails)
  })
}

function isFromThisMachine({ req, hostname }: Context): boolean {
  const isLoopback = /^(127\.|::1$|::ffff:127\.)/.test(req.socket.remoteAddress ?? '')
  return (
    isLoopback && /^(localhost|127\.0\.0\.1|\[::1\])$/.test(hostname) && req.headers['x-forwarded-for'] === undefined
  )
}

function pageOf(mails: readonly CapturedMail[]): string {
  const sections = mails.map(
    ({ at, recipient, subject, text }) => html`<section><h2>${subject}</h2>
<p>To ${recipient}, at <time>${at.toISOString()}</time></p><pre>${withLinks(text)}</pre></section>`
  )
  return html`<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Mail</title></head><body><main><h1>Mail</h1>
<p>Mail that was not sent: no mail server is configured. The newest is first; a restart forgets it.</p>
${sections.length === 0 ? html`<p>There is none yet.</p>` : sections}</main></body></html>`.text
}

function withLinks(text: string) {
  return text.split(/(https?:\/\/\S+)/).map((part, at) => (at % 2 === 1 ? html`<a href="${part}">${part}</a>` : part))
}
