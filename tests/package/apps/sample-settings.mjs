/** Loaded before a sample: its issuer is the test's, and its port any free one. */
import { Server } from 'node:net'

const { JWKS_URL } = process.env
const { fetch } = globalThis
globalThis.fetch = (url, init) => fetch(String(url).endsWith('/.well-known/jwks.json') ? JWKS_URL : url, init)

const { listen } = Server.prototype
Server.prototype.listen = function (at, ...others) {
  this.once('listening', () => console.log(`http://localhost:${this.address().port}`))
  return listen.call(this, at === 3000 ? 0 : at?.port === 3000 ? { ...at, port: 0 } : at, ...others)
}
