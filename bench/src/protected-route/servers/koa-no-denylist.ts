/** Countersign on Koa without a denylist, so that it follows no Redis. */
import { createAccessTokenVerifier } from '@countersign/verifier'
import { type AccessTokenState, requireAccessToken } from '@countersign/verifier/koa'
import Koa from 'koa'
import { announce, readOptions } from '../../servers/serve.ts'
import type { Trust } from './trust.ts'

const { issuer, audience, jwksUri } = readOptions<Trust>()
const verifier = createAccessTokenVerifier({ issuer, audience, jwksUri, revocations: null })
const app = new Koa<AccessTokenState>()
app.use(requireAccessToken(verifier))
app.use((ctx) => {
  ctx.body = { sub: ctx.state.accessToken.sub }
})
await verifier.ready()
announce(app.listen(0, '127.0.0.1'))
