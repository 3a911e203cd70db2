import type { Context } from 'koa'

type ServerResponse = Context['res']

/** A long-lived response: Server-Sent Events, which the handler writes as they come. */
export class EventStream {
  readonly #begin: (response: ServerResponse) => void

  /** @param begin gets the response once its headers are out */
  constructor(begin: (response: ServerResponse) => void) {
    this.#begin = begin
  }

  /** Takes the response out of the hands of Koa, which would wait for a body. */
  respondTo(ctx: Context): void {
    ctx.status = 200
    ctx.type = 'text/event-stream'
    ctx.set('Cache-Control', 'no-store, no-transform')
    // nginx would hold events back until they fill a buffer.
    ctx.set('X-Accel-Buffering', 'no')
    ctx.respond = false
    const { res } = ctx
    // A client that leaves is no fault of ours.
    res.on('error', () => {})
    if (ctx.method === 'HEAD') return void res.end()
    res.flushHeaders()
    this.#begin(res)
  }
}
