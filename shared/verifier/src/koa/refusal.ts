import type { Context, Next } from 'koa'
import { VerifierError } from '../errors.ts'
import { type ChallengeOptions, httpAnswerTo } from '../http-answers.ts'
import type { VerifierLogger } from '../logger.ts'

/** How refusals are answered behind one `requireAccessToken`. */
export interface RefusalOptions extends ChallengeOptions {
  readonly logger?: RequestLogger | undefined
}

/** A logger, or what picks the one of a request. */
export type RequestLogger = VerifierLogger | ((ctx: Context) => VerifierLogger)

const refusalOptions = Symbol('countersign.refusalOptions')

interface RefusalState {
  [refusalOptions]?: RefusalOptions
}

/** Hands the options to this check and those behind it, out of sight of `ctx.state`'s users. */
export function setRefusalOptions(ctx: Context, options: RefusalOptions): void {
  Object.defineProperty(ctx.state, refusalOptions, { value: options, configurable: true })
}

/**
 * Runs a check, then the rest of the app. What the check refuses is answered here, so that no error handler is needed;
 * what the rest of the app throws is left alone.
 */
export async function passOrRefuse(ctx: Context, next: Next, check: () => void | Promise<void>): Promise<void> {
  try {
    await check()
  } catch (error) {
    if (!(error instanceof VerifierError)) throw error
    refuse(ctx, error, (ctx.state as RefusalState)[refusalOptions] ?? {})
    return
  }
  await next()
}

function refuse(ctx: Context, error: VerifierError, options: RefusalOptions): void {
  const { status, headers, body } = httpAnswerTo(error, options)
  const { code, detail, cause } = error
  const logger = typeof options.logger === 'function' ? options.logger(ctx) : options.logger
  logger?.[status === 503 ? 'warn' : 'info'](
    { code, detail, ...(cause !== undefined && { err: cause }) },
    'access token refused'
  )
  ctx.status = status
  ctx.set({ ...headers })
  ctx.body = body
}
