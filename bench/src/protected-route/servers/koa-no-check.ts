/** Countersign's middleware for Koa on a verifier that takes every token: what reading the request and passing claims on takes. */
import type { AccessTokenVerifier, VerifiedAccessToken } from '@countersign/verifier'
import { type AccessTokenState, requireAccessToken } from '@countersign/verifier/koa'
import Koa from 'koa'
import { announce } from '../../servers/serve.ts'

const claims = Object.freeze({ sub: 'user-1' }) as unknown as VerifiedAccessToken
const app = new Koa<AccessTokenState>()
app.use(requireAccessToken({ check: () => claims } as unknown as AccessTokenVerifier))
app.use((ctx) => {
  ctx.body = { sub: ctx.state.accessToken.sub }
})
announce(app.listen(0, '127.0.0.1'))
