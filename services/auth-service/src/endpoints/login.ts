import { requireJsonBody } from '@countersign/service-kit'
import type { Middleware } from 'koa'
import { type SignInDeps, signIn } from '../grants/sign-in.ts'
import { type LoginBody, loginBody } from './bodies.ts'
import { requestOrigin } from './request-origin.ts'

/** `POST /auth/login`: starts a session and answers its first tokens. */
export function login(deps: SignInDeps): Middleware[] {
  return [requireJsonBody(loginBody), answerSignIn(deps)]
}

function answerSignIn(deps: SignInDeps): Middleware {
  return async function answerSignIn(ctx) {
    const { username, password } = ctx.state.body as LoginBody
    ctx.set('Cache-Control', 'no-store')
    ctx.body = await signIn(deps, { username, password, origin: requestOrigin(ctx) })
  }
}
