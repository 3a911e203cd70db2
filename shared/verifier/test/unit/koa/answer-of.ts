import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type Koa from 'koa'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}

/** Lets an app answer a request without a network. */
export async function answerOf(
  // biome-ignore lint/suspicious/noExplicitAny: the state of the app is its own business
  app: Koa<any, any>,
  { method = 'GET', url = '/', headers = [] as readonly string[] } = {}
): Promise<Answer> {
  const request = new IncomingMessage(new Socket())
  request.method = method
  request.url = url
  request.rawHeaders = [...headers]
  for (let at = 0; at < headers.length; at += 2) request.headers[headers[at]?.toLowerCase() ?? ''] ??= headers[at + 1]
  const response = new ServerResponse(request)
  const chunks: Buffer[] = []
  const ended = new Promise<void>((resolve) => {
    response.end = ((chunk?: string | Buffer) => {
      if (chunk) chunks.push(Buffer.from(chunk))
      resolve()
      return response
    }) as ServerResponse['end']
  })
  app.callback()(request, response)
  await ended
  return { status: response.statusCode, headers: response.getHeaders(), body: Buffer.concat(chunks).toString() }
}
