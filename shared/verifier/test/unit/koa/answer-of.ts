import type Koa from 'koa'
import { type Answer, type Asked, answerTo } from '../answer-to.ts'

/** Lets an app answer a request without a network. */
// biome-ignore lint/suspicious/noExplicitAny: the state of the app is its own business
export function answerOf(app: Koa<any, any>, asked?: Asked): Promise<Answer> {
  return answerTo(app.callback(), asked)
}
