import express from 'express'
import Fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import { describe, expect, it } from 'vitest'
import { TokenMalformedError } from '../../../src/errors.ts'
import { requireAccessToken as requireInExpress } from '../../../src/http/express.ts'
import { requireAccessToken as requireInFastify } from '../../../src/http/fastify.ts'
import { requireAccessToken as requireInHono } from '../../../src/http/hono.ts'
import { requireAccessToken as requireInKoa } from '../../../src/http/koa.ts'
import type { AccessTokenVerifier } from '../../../src/token/verifier.ts'
import { sendRequest } from '../fixtures/send-request.ts'

/** What a library of promises, or another realm, makes: it waits, and is no `Promise` of this one. */
const foreignRejection = (error: Error) => {
  const settled = Promise.reject(error)
  settled.catch(() => {})
  // biome-ignore lint/suspicious/noThenProperty: that is what it is about
  return { then: settled.then.bind(settled) }
}
const verifier = {
  check: () => foreignRejection(new TokenMalformedError({ detail: 'made by a test' }))
} as unknown as AccessTokenVerifier

const headers = ['Authorization', 'Bearer junk']
const apps: Record<string, () => Promise<number>> = {
  async koa() {
    const app = new Koa()
    app.use(requireInKoa(verifier)).use((ctx) => {
      ctx.body = 'let in'
    })
    return (await sendRequest(app.callback(), { headers })).status
  },
  async express() {
    const app = express()
    app.use(requireInExpress(verifier), (_, response) => void response.end('let in'))
    return (await sendRequest(app, { headers })).status
  },
  async fastify() {
    const app = Fastify()
    app.get('/', { onRequest: requireInFastify(verifier) }, async () => 'let in')
    await app.ready()
    return (await sendRequest((request, response) => app.routing(request, response), { headers })).status
  },
  async hono() {
    const app = new Hono()
    app.get('/', requireInHono(verifier), (c) => c.text('let in'))
    return (await app.request('/', { headers: { Authorization: 'Bearer junk' } })).status
  }
}

describe('a verifier whose promises are not of the built-in kind', () => {
  it.each(Object.entries(apps))('lets no request pass before it has decided, in %s', async (_, statusOf) => {
    expect(await statusOf()).toBe(401)
  })
})
