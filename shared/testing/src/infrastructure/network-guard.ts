/**
 * A set-up file for unit tests: any use of the network fails the test that makes it. A unit test that reaches for the
 * network is slow or flaky one day, and passes for the wrong reason the next.
 */
import dns from 'node:dns'
import { syncBuiltinESMExports } from 'node:module'
import net from 'node:net'

/** Thrown in a unit test that uses the network. */
export class NetworkInUnitTestError extends Error {
  override readonly name = 'NetworkInUnitTestError'

  constructor(what: string) {
    super(
      `A unit test must not use the network, and this one called ${what}. Pass in a fake, or make it a contract test.`
    )
  }
}

function refuse(what: string) {
  return (): never => {
    throw new NetworkInUnitTestError(what)
  }
}

function refuseAll(module: object, name: string): void {
  const functions = module as Record<string, unknown>
  for (const key of Object.keys(functions)) {
    if (/^(lookup|resolve|reverse)/.test(key)) functions[key] = refuse(`${name}.${key}`)
  }
}

net.Socket.prototype.connect = refuse('net.Socket.connect')
net.Server.prototype.listen = refuse('net.Server.listen')
net.connect = refuse('net.connect')
net.createConnection = refuse('net.createConnection')
refuseAll(dns, 'dns')
refuseAll(dns.promises, 'dns.promises')
// Asynchronous, so that a caller sees what a failing fetch looks like: a rejection, not a throw.
globalThis.fetch = async () => refuse('fetch')()
syncBuiltinESMExports()
