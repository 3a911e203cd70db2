import { createHash } from 'node:crypto'
import type { Context } from 'koa'
import { Html, html } from '../html.ts'

/** A response for people in a browser, not for programs. No page of another site shows it in a frame. */
export class BrowserResponse {
  readonly #respond: (ctx: Context) => void

  constructor(respond: (ctx: Context) => void) {
    this.#respond = respond
  }

  respondTo(ctx: Context): void {
    ctx.set({ 'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'", 'X-Frame-Options': 'DENY' })
    this.#respond(ctx)
  }
}

/** 303, so that the browser asks with GET whatever it asked with before (RFC 9700 §4.12). */
export function redirectTo(url: string): BrowserResponse {
  return new BrowserResponse((ctx) => {
    ctx.status = 303
    ctx.set('Location', url)
    ctx.body = ''
  })
}

const submit = 'document.forms[0].submit()'
const formPolicy = [
  "default-src 'none'",
  `script-src 'sha256-${createHash('sha256').update(submit).digest('base64')}'`,
  "base-uri 'none'",
  "frame-ancestors 'none'"
].join('; ')

/** A page that sends a form by itself (OAuth 2.0 Form Post Response Mode). */
export function formPostTo(url: string, members: Readonly<Record<string, string>>): BrowserResponse {
  const { text } = html`<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Continue</title></head><body>
<form method="post" action="${url}">${Object.entries(members).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`
  )}<noscript><button type="submit">Continue</button></noscript></form><script>${new Html(submit)}</script></body></html>`
  return new BrowserResponse((ctx) => {
    ctx.status = 200
    ctx.set('Content-Security-Policy', formPolicy)
    ctx.type = 'text/html; charset=utf-8'
    ctx.body = text
  })
}
