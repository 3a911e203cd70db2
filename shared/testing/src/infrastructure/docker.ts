import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { readTestEnvironment, setDockerHost } from './test-environment.ts'

const run = promisify(execFile)

export type DockerSearch = { readonly isAvailable: true } | { readonly isAvailable: false; readonly reason: string }

/** Asks whether Docker is available, and lets testcontainers use the same engine as the `docker` command. */
export async function findDocker(): Promise<DockerSearch> {
  try {
    await run('docker', ['version', '--format', '{{.Server.Version}}'], { timeout: 20_000 })
  } catch (error) {
    return { isAvailable: false, reason: `Docker does not respond: ${reasonOf(error)}` }
  }
  if (readTestEnvironment().dockerHost === undefined) await followContext()
  return { isAvailable: true }
}

/**
 * Asks whether containers of these images can be started, and pulls those that are not here yet.
 * @throws when this run must have Docker and has not
 */
export async function findDockerWith(images: readonly string[], log: (line: string) => void): Promise<DockerSearch> {
  let docker = await findDocker()
  for (const image of new Set(images)) {
    if (!docker.isAvailable) break
    docker = await findImage(image, log)
  }
  if (!docker.isAvailable && readTestEnvironment().requiresDocker) {
    throw new Error(`REQUIRE_DOCKER=1 is set, but ${docker.reason}`)
  }
  return docker
}

async function findImage(image: string, log: (line: string) => void): Promise<DockerSearch> {
  const isHere = await run('docker', ['image', 'inspect', image]).then(
    () => true,
    () => false
  )
  if (isHere) return { isAvailable: true }
  log(`Pulling ${image} …`)
  try {
    await run('docker', ['pull', '--quiet', image], { timeout: 600_000 })
    return { isAvailable: true }
  } catch (error) {
    return { isAvailable: false, reason: `the image ${image} cannot be pulled: ${reasonOf(error)}` }
  }
}

function reasonOf(error: unknown): string {
  const { code, stderr, message } = error as NodeJS.ErrnoException & { stderr?: string }
  if (code === 'ENOENT') return 'there is no "docker" command'
  return (stderr?.trim().split('\n').at(-1) || message).replace(/\.$/, '')
}

async function followContext(): Promise<void> {
  const format = ['--format', '{{.Endpoints.docker.Host}}']
  const found = await run('docker', ['context', 'inspect', ...format]).catch(() => undefined)
  const host = found?.stdout.trim()
  if (host) setDockerHost(host)
}
