/** `npm start` with a data folder and ports of its own. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { childEnvironment, findLastingPort } from '@countersign/testing'
import { usedSecrets } from '@countersign/testing/trio'
import { vi } from 'vitest'

const main = fileURLToPath(new URL('../../../dev/bundle/main.js', import.meta.url))

export async function startNpmStart() {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-npm-start-'))
  const [auth, resource, bff] = [await findLastingPort(), await findLastingPort(), await findLastingPort()]
  const child = spawn(process.execPath, [main], {
    env: childEnvironment({
      npm_lifecycle_event: undefined,
      COUNTERSIGN_ADMIN_PASSWORD: undefined,
      COUNTERSIGN_DATA_DIR: join(folder, 'data'),
      AUTH_SERVICE_PORT: String(auth),
      RESOURCE_SERVICE_PORT: String(resource),
      BFF_SERVICE_PORT: String(bff)
    }),
    stdio: ['ignore', 'pipe', 'pipe']
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  const stop = async () => {
    if (child.exitCode === null && child.kill('SIGTERM')) await once(child, 'exit')
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await vi.waitUntil(() => output.includes('Ctrl-C stops it.'), { timeout: 60_000, interval: 50 })
  } catch (error) {
    await stop()
    throw new Error(`npm start did not come up: ${output}`, { cause: error })
  }
  const password = /password {3}(\S+)/.exec(output)?.[1] ?? ''
  usedSecrets.add(password)
  return {
    issuer: `http://localhost:${auth}`,
    api: `http://localhost:${resource}`,
    pages: `http://localhost:${bff}`,
    admin: { username: 'admin', password },
    stop
  }
}
