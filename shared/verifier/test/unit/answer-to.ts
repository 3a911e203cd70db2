import { IncomingMessage, type RequestListener, ServerResponse } from 'node:http'
import { Socket } from 'node:net'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}

export interface Asked {
  readonly method?: string
  readonly url?: string
  /** Names and values in turn, as on the wire. */
  readonly headers?: readonly string[]
  readonly body?: string
}

/** Lets what listens to requests of a Node server answer one, without a network. */
export async function answerTo(
  listener: RequestListener,
  { method = 'GET', url = '/', headers = [], body }: Asked = {}
): Promise<Answer> {
  const request = new IncomingMessage(new Socket())
  request.method = method
  request.url = url
  request.rawHeaders = [...headers]
  for (let at = 0; at < headers.length; at += 2) request.headers[headers[at]?.toLowerCase() ?? ''] ??= headers[at + 1]
  if (body !== undefined) request.push(body)
  request.push(null)
  const response = new ServerResponse(request)
  // Writes nothing yet, so that all headers can be looked at in one place.
  response.writeHead = ((status: number, given: Readonly<Record<string, string>> = {}) => {
    response.statusCode = status
    for (const [name, value] of Object.entries(given)) response.setHeader(name, value)
    return response
  }) as ServerResponse['writeHead']
  const chunks: Buffer[] = []
  const ended = new Promise<void>((resolve) => {
    response.end = ((chunk?: string | Buffer) => {
      if (typeof chunk === 'string' || chunk instanceof Buffer) chunks.push(Buffer.from(chunk))
      resolve()
      return response
    }) as ServerResponse['end']
  })
  listener(request, response)
  await ended
  return { status: response.statusCode, headers: response.getHeaders(), body: Buffer.concat(chunks).toString() }
}
