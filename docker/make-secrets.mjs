// Makes the secrets of a Compose installation at its first start, and leaves those that are there as they are. Each
// folder is a volume for those who may know what is in it. With arguments, it changes some of them first.
import { createHash, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync
} from 'node:fs'
import { dirname, join } from 'node:path'

const root = '/run/countersign'

/** Base64url, so that it needs no escape in a URL. */
const password = () => randomBytes(24).toString('base64url')
const sha256 = (text) => createHash('sha256').update(text).digest('hex')

/** The text of a secret; made now if it is not there. A reader finds all of it or none. */
function secret(path, make) {
  const file = join(root, path)
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    if (error.code !== 'ENOENT') throw error
  }
  const draft = writeDraft(file, make())
  // Unlike a rename, a link never replaces what another start has made in the meantime.
  linkSync(draft, file)
  rmSync(draft)
  syncFolder(dirname(file))
  process.stdout.write(`Made ${path}.\n`)
  return readFileSync(file, 'utf8').trim()
}

/** Postgres and Redis run as users of their own and read it as members of this one's group. */
function writeDraft(file, text) {
  const draft = `${file}.draft`
  rmSync(draft, { force: true })
  const descriptor = openSync(draft, 'wx', 0o440)
  writeSync(descriptor, `${text}\n`)
  fsyncSync(descriptor)
  closeSync(descriptor)
  return draft
}

function syncFolder(folder) {
  const descriptor = openSync(folder, 'r')
  fsyncSync(descriptor)
  closeSync(descriptor)
}

/** The public half as it is registered. Its kid is the thumbprint (RFC 7638), which the holder of a PEM names it by. */
function publicKeySet(privateKey) {
  const { crv, kty, x, y } = createPublicKey(privateKey).export({ format: 'jwk' })
  const kid = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url')
  return JSON.stringify({ keys: [{ kty, crv, x, y, kid, alg: 'ES256', use: 'sig' }] })
}

function replace(path, text) {
  const file = join(root, path)
  renameSync(writeDraft(file, text), file)
  syncFolder(dirname(file))
}

/** What is made again together: a secret, and all that has it in it. */
const renewable = {
  database: ['database/password', 'database/url'],
  redis: ['redis/password', 'redis/url', 'verifier/redis-url', 'browser/redis-url', 'redis/acl-2.conf'],
  forwarder: ['browser/forwarder-key'],
  client: ['verifier/client-key.pem', 'clients/resource-service.jwks.json']
}
const masterKeyFile = 'issuer/master-key'
const newMasterKey = () => randomBytes(32).toString('base64')
const readMasterKeys = () => readFileSync(join(root, masterKeyFile), 'utf8').trim().split(',')
const isMasterKey = (text) => /^[A-Za-z0-9+/]{43}=$/.test(text)

const changes = {
  'renew master-key': () => {
    const [current, former] = readMasterKeys()
    if (former)
      fail('The former master key is still there. Nothing was changed. Once it is not needed: retire master-key')
    replace(masterKeyFile, `${newMasterKey()},${current}`)
    return 'The master key is a new one; what the former one has sealed can be opened still. Restart the auth-service, then: countersign master-key re-encrypt'
  },
  'retire master-key': () => {
    const [current] = readMasterKeys()
    replace(masterKeyFile, current)
    return 'The former master key is gone. Restart the auth-service.'
  },
  'import master-key': () => {
    const keys = readFileSync(0, 'utf8').trim().split(',')
    if (!keys.every(isMasterKey)) fail('The standard input is no master key: 32 bytes in base64.')
    if (existsSync(join(root, masterKeyFile))) fail('There is a master key already. Nothing was changed.')
    replace(masterKeyFile, keys.join(','))
    return 'The master key is that of the backup.'
  },
  ...Object.fromEntries(
    Object.entries(renewable).map(([name, paths]) => [
      `renew ${name}`,
      () => {
        for (const path of paths) rmSync(join(root, path), { force: true })
        return `Renewing the secret "${name}".`
      }
    ])
  )
}

function fail(message) {
  process.stderr.write(`${message}\n`)
  process.exit(1)
}

const words = process.argv.slice(2).join(' ')
if (words !== '') {
  const change = changes[words]
  if (!change) fail(`Known are: ${Object.keys(changes).join(', ')}.`)
  process.stdout.write(`${change()}\n`)
}

secret(masterKeyFile, newMasterKey)
secret('issuer/admin-password', password)

const databasePassword = secret('database/password', password)
secret('database/url', () => `postgres://countersign:${databasePassword}@postgres:5432/countersign`)

const redisPassword = secret('redis/password', password)
const verifierUrl = secret('verifier/redis-url', () => `redis://verifier:${password()}@redis:6379`)
const browserUrl = secret('browser/redis-url', () => `redis://browser:${password()}@redis:6379`)
secret('redis/url', () => `redis://:${redisPassword}@redis:6379`)
// By this the bff-service is believed what the addresses of its browsers are.
secret('browser/forwarder-key', () => randomBytes(32).toString('base64url'))
// A verifier reads the denylist, notes which DPoP proofs were used, and can do nothing else: an intruder in one cannot
// un-revoke a token. SET works on the notes alone, since on no other key it may write.
// The bff-service has the sessions of its browsers, which it can open by the browsers' cookies alone.
// Each set of rights has a file of its own, so that an installation of before gets the new one.
secret('redis/acl-2.conf', () =>
  [
    `user default reset on #${sha256(redisPassword)} ~* &* +@all`,
    `user verifier reset on #${sha256(new URL(verifierUrl).password)}` +
      ' %R~{countersign}:epoch %R~{countersign}:swept %R~{countersign}:revocations %R~{countersign}:revoked:*' +
      ' %W~{countersign}:proof:* &{countersign}:unpublished' +
      ' +hello +auth +ping +info +time +get +mget +exists +xread +xinfo|stream +subscribe +set',
    `user browser reset on #${sha256(new URL(browserUrl).password)} ~countersign:browser-session:*` +
      ' +hello +auth +ping +info +get +getex +set +del +eval'
  ].join('\n')
)

// The resource-service acts on its own behalf with this key; its public half is registered at the issuer.
const clientKey = secret('verifier/client-key.pem', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return privateKey.export({ format: 'pem', type: 'pkcs8' }).trim()
})
secret('clients/resource-service.jwks.json', () => publicKeySet(clientKey))
