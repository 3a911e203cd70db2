import { OAuthError } from '@countersign/oauth'
import { requireJsonBody } from '@countersign/service-kit'
import type { Middleware } from 'koa'
import type { IssuerMetrics } from '../metrics.ts'
import { type SignInDeps, signIn } from '../sign-in/sign-in.ts'
import { type LoginBody, loginBody } from './bodies.ts'
import { clientInfoOf } from './client-info.ts'
import { delayRejections } from './delay-rejections.ts'
import { type ProofOfPossessionDeps, takeProof } from './proof-of-possession.ts'
import { requireRoom } from './require-room.ts'

export interface LoginDeps extends SignInDeps {
  metrics: IssuerMetrics
  proofs: ProofOfPossessionDeps
}

/** `POST /auth/login`: starts a session and answers its first tokens. */
export function login(deps: LoginDeps): Middleware[] {
  return [
    countSignIns(deps),
    delayRejections(),
    requireRoom(deps),
    requireJsonBody(loginBody),
    takeProof(deps.proofs),
    answerSignIn(deps)
  ]
}

function countSignIns({ metrics }: LoginDeps): Middleware {
  return async function countSignIns(_ctx, next) {
    try {
      await next()
      metrics.countSignIn('succeeded')
    } catch (error) {
      metrics.countSignIn(error instanceof OAuthError ? error.code : 'server_error')
      throw error
    }
  }
}

function answerSignIn(deps: SignInDeps): Middleware {
  return async function answerSignIn(ctx) {
    const { username, password, device_token: deviceToken } = ctx.state.body as LoginBody
    ctx.set({ 'Cache-Control': 'no-store', Pragma: 'no-cache' })
    ctx.body = await signIn(deps, {
      username,
      password,
      deviceToken,
      dpopKey: ctx.state.dpopKey,
      origin: clientInfoOf(ctx)
    })
  }
}
