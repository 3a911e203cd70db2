/** The key set of a test issuer over HTTP, for verifiers in other processes. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestIssuer } from '@countersign/verifier/testing'

/** A key set on 127.0.0.1. */
export interface KeySetServer {
  readonly jwksUri: string
  /** How many requests came. */
  readonly requests: number
  /** Responds with 503 while true. */
  isDown: boolean
  close(): Promise<void>
}

/** Serves the key set of a test issuer on 127.0.0.1. */
export async function serveKeySet({ jwks }: Pick<TestIssuer, 'jwks'>): Promise<KeySetServer> {
  let requests = 0
  const state = { isDown: false }
  const server = createServer((_, response) => {
    requests++
    response.writeHead(state.isDown ? 503 : 200, {
      'Content-Type': 'application/json',
      'Cache-Control': 'public, max-age=300'
    })
    response.end(JSON.stringify(state.isDown ? {} : jwks()))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    jwksUri: `http://127.0.0.1:${port}/.well-known/jwks.json`,
    get requests() {
      return requests
    },
    get isDown() {
      return state.isDown
    },
    set isDown(isDown) {
      state.isDown = isDown
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
  }
}
