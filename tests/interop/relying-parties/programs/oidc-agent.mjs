// oidc-agent of Debian: an agent of its own, an account made by oidc-gen, and tokens as other programs get them.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'

const { ISSUER, CLIENT_ID, REDIRECT_URI } = process.env
const folder = await mkdtemp(join(tmpdir(), 'oidc-agent-'))
const socket = join(folder, 'socket')
const env = {
  ...process.env,
  HOME: folder,
  OIDC_CONFIG_DIR: folder,
  OIDC_SOCK: socket,
  OIDC_ENCRYPTION_PW: 'of a test'
}
const agent = spawn('oidc-agent', ['--console', `--socket-path=${socket}`, '--always-allow-idtoken'], {
  env,
  stdio: ['ignore', 'ignore', 'inherit']
})
process.once('SIGTERM', () => {
  agent.kill()
  process.exit(1)
})
const token = async (...args) => (await promisify(execFile)('oidc-token', [...args, 'account'], { env })).stdout.trim()

try {
  while (!existsSync(socket)) await delay(20)
  const generate = spawn(
    'oidc-gen',
    [
      '--manual',
      `--issuer=${ISSUER}`,
      `--client-id=${CLIENT_ID}`,
      '--client-secret=',
      `--redirect-uri=${REDIRECT_URI}`,
      '--scope=openid profile offline_access',
      '--flow=code',
      '--no-scheme',
      '--no-url-call',
      '--pw-env',
      '--prompt=none',
      '--confirm-default',
      'account'
    ],
    { env, stdio: ['ignore', 'inherit', 'pipe'] }
  )
  generate.stderr.pipe(process.stdout)
  const [code] = await once(generate, 'exit')
  if (code !== 0) throw new Error(`oidc-gen ended with ${code}`)
  const [first, second] = [await token('--force-new'), await token('--force-new')]
  const idToken = await token('--id-token')
  process.stdout.write(`\n${JSON.stringify({ first, second, idToken })}`)
} finally {
  agent.kill()
  await once(agent, 'exit')
  await rm(folder, { recursive: true })
}
