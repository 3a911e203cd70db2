import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { describeError, type Logger, ndjsonType } from '@countersign/service-kit'
import type { Context } from 'koa'

/** A response of lines (NDJSON), which are made as the client takes them. */
export class LineStream {
  readonly #batches: AsyncGenerator<readonly object[]>

  constructor(batches: AsyncIterable<readonly object[]> | Iterable<readonly object[]>) {
    this.#batches = generatorOf(batches)
  }

  /**
   * Throws what fails before the first line. Whatever fails later ends the connection, so that the client sees that lines are missing; and
   * a client that leaves ends the work.
   */
  async respondTo(ctx: Context): Promise<void> {
    ctx.status = 200
    ctx.type = ndjsonType
    if (ctx.method === 'HEAD') return
    const first = await this.#batches.next()
    ctx.respond = false
    // Koa's own way with a stream leaves a response open when the stream fails.
    await pipeline(Readable.from(this.#texts(first)), ctx.res).catch((error: unknown) => {
      const log: Logger = ctx.state.log
      const hasLeft = (error as { code?: unknown }).code === 'ERR_STREAM_PREMATURE_CLOSE'
      log[hasLeft ? 'info' : 'warn']({ cause: describeError(error) }, 'a response of lines was not completed')
    })
  }

  async *#texts(first: IteratorResult<readonly object[]>): AsyncGenerator<string> {
    try {
      for (let batch = first; !batch.done; batch = await this.#batches.next()) {
        yield batch.value.map((line) => `${JSON.stringify(line)}\n`).join('')
      }
    } finally {
      await this.#batches.return(undefined)
    }
  }
}

async function* generatorOf<T>(items: AsyncIterable<T> | Iterable<T>): AsyncGenerator<T> {
  yield* items
}
