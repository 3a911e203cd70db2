import { OAuthError } from '@countersign/oauth'
import { requireJsonBody } from '@countersign/service-kit'
import type { Middleware } from 'koa'
import { type SignInDeps, signIn } from '../grants/sign-in.ts'
import type { IssuerMetrics } from '../metrics.ts'
import { type LoginBody, loginBody } from './bodies.ts'
import { type ProofOfPossessionDeps, takeProof } from './proof-of-possession.ts'
import { requestOrigin } from './request-origin.ts'

export interface LoginDeps extends SignInDeps {
  metrics: IssuerMetrics
  proofs: ProofOfPossessionDeps
}

/** `POST /auth/login`: starts a session and answers its first tokens. */
export function login(deps: LoginDeps): Middleware[] {
  return [countSignIns(deps), requireRoom(deps), requireJsonBody(loginBody), takeProof(deps.proofs), answerSignIn(deps)]
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

/** Before the body is read: a burst that is turned away must not stand between others and their answers. */
function requireRoom({ passwords }: LoginDeps): Middleware {
  return function requireRoom(_ctx, next) {
    passwords.requireRoom()
    return next()
  }
}

function answerSignIn(deps: SignInDeps): Middleware {
  return async function answerSignIn(ctx) {
    const { username, password } = ctx.state.body as LoginBody
    ctx.set({ 'Cache-Control': 'no-store', Pragma: 'no-cache' })
    ctx.body = await signIn(deps, { username, password, provenKey: ctx.state.provenKey, origin: requestOrigin(ctx) })
  }
}
