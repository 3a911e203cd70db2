import { describe, expect, test } from 'vitest'
import type { ComposeProject, Container } from './compose-project.ts'
import type { Installation } from './installation.ts'

const ourServices = ['auth-service', 'resource-service', 'bff-service'] as const
const longRunning = ['postgres', 'redis', ...ourServices] as const

/** Who may know what, by the folders under /run/countersign. */
const secretsOf: Record<string, string[]> = {
  secrets: ['browser', 'clients', 'database', 'issuer', 'redis', 'verifier'],
  migrate: ['database'],
  register: ['clients', 'database', 'issuer'],
  postgres: ['database'],
  redis: ['redis'],
  'auth-service': ['browser', 'database', 'issuer', 'redis'],
  'resource-service': ['verifier'],
  'bff-service': ['browser']
}

/** Which containers may talk to which. */
const reachable = {
  'auth-service': { postgres: true, redis: true },
  'resource-service': { postgres: false, redis: true },
  'bff-service': { postgres: false, redis: true }
}

/** How the containers are confined. */
export function describeContainers(given: () => Installation): void {
  describe('the containers', () => {
    test.each(ourServices)('%s has a bill of materials with the packages that it runs', async (service) => {
      const bill = JSON.parse(await given().project.exec(service, ['cat', '/app/sbom.cdx.json']))
      expect(bill).toMatchObject({ bomFormat: 'CycloneDX', specVersion: expect.stringMatching(/^1\./) })
      const listed = bill.components.map(({ name, version }: { name: string; version: string }) => `${name}@${version}`)
      const licenses = await given().project.exec(service, ['cat', `/app/services/${service}/bundle/licenses.txt`])
      const bundled = licenses.split('\n').filter((line) => /^(@[\w.-]+\/)?[\w.-]+@\d+\.\d+\.\d+\S*$/.test(line))
      expect(bundled.map((line) => line.replace(/@[^@]+$/, ''))).toContain('koa')
      expect(listed).toEqual(expect.arrayContaining(bundled))
      if (service === 'auth-service') {
        expect(listed.map((line: string) => line.replace(/@[^@]+$/, ''))).toEqual(
          expect.arrayContaining(['@node-rs/argon2', 'piscina'])
        )
      }
    })

    test.each(longRunning)('%s runs as a user, without a capability or a way to more privileges', async (service) => {
      const { project } = given()
      expect(Number(await project.exec(service, ['id', '-u']))).toBeGreaterThan(0)
      const status = await project.exec(service, ['cat', '/proc/1/status'])
      expect(status).toMatch(/^Uid:\s+[1-9]/m)
      expect(status).toMatch(/^CapEff:\s+0+$/m)
      expect(status).toMatch(/^CapBnd:\s+0+$/m)
      expect(status).toMatch(/^NoNewPrivs:\s+1$/m)
    })

    test.each(longRunning)('%s cannot write to its root file system', async (service) => {
      await expect(given().project.exec(service, ['touch', '/written'])).rejects.toThrow(/read-only file system/i)
    })

    test('all have limits, and none has a capability added', async () => {
      const containers = await given().project.listContainers()
      expect(containers.length).toBe(10)
      for (const { Name, HostConfig } of containers) {
        expect(HostConfig.ReadonlyRootfs, Name).toBe(true)
        expect(HostConfig.Memory, Name).toBeGreaterThan(0)
        expect(HostConfig.PidsLimit, Name).toBeGreaterThan(0)
        expect(HostConfig.CapDrop, Name).toEqual(['ALL'])
        expect(HostConfig.CapAdd ?? [], Name).toEqual([])
        expect(HostConfig.SecurityOpt, Name).toContain('no-new-privileges:true')
      }
    })

    test('only our services are published, and only on the loopback address', async () => {
      const containers = await given().project.listContainers()
      for (const container of containers) {
        const addresses = Object.values(container.NetworkSettings.Ports).flatMap((bindings) => bindings ?? [])
        const isOurs = ourServices.some((service) => service === serviceOf(container))
        expect(addresses.length, container.Name).toBe(isOurs ? 1 : 0)
        for (const { HostIp } of addresses) expect(HostIp, container.Name).toBe('127.0.0.1')
      }
    })

    test.each(ourServices)('%s reaches the stores that it needs, and no others', async (service) => {
      const reached = await given().project.evaluate(
        service,
        `import { connect } from 'node:net'
        const reaches = (host, port) => new Promise((resolve) => {
          const socket = connect({ host, port, timeout: 2000 })
          const end = (result) => { socket.destroy(); resolve(result) }
          socket.on('connect', () => end(true)).on('error', () => end(false)).on('timeout', () => end(false))
        })
        console.log(JSON.stringify({ postgres: await reaches('postgres', 5432), redis: await reaches('redis', 6379) }))`
      )
      expect(JSON.parse(reached)).toEqual(reachable[service])
    })

    test('each sees the secrets that it needs, and no others, and only their maker can write them', async () => {
      for (const container of await given().project.listContainers()) {
        const mounts = container.Mounts.filter(({ Destination }) => Destination.startsWith('/run/'))
        const folders = mounts.map(({ Destination }) => Destination.replace('/run/countersign/', ''))
        expect(folders.sort(), container.Name).toEqual(secretsOf[serviceOf(container)])
        const isMaker = serviceOf(container) === 'secrets'
        for (const { RW } of mounts) expect(RW, container.Name).toBe(isMaker)
      }
    })

    test('the secrets are for their owner and group, who cannot write them', async () => {
      const { project } = given()
      const modes = await project.exec('auth-service', ['sh', '-c', 'stat -c %a-%u-%g /run/countersign/*/*'])
      expect(new Set(modes.trim().split('\n'))).toEqual(new Set(['440-1000-1000']))
    })

    test('a verifier can read the denylist and note used proofs, and can change nothing else', async () => {
      const { project } = given()
      const url = (await project.exec('resource-service', ['cat', '/run/countersign/verifier/redis-url'])).trim()
      const note = ['SET', '{countersign}:proof:test', '1', 'NX', 'PX', '60000']
      const [exists, ...noted] = await askRedis(project, url, [['EXISTS', '{countersign}:epoch'], note, note])
      expect(exists).toBe('1')
      expect(noted).toEqual(['OK', ''])
      const refused = [
        ['SET', '{countersign}:epoch', 'x'],
        ['SET', '{countersign}:swept', 'x'],
        ['SET', '{countersign}:revocations', 'x'],
        ['SET', '{countersign}:revoked:sid:x', 'x'],
        ['SET', 'anything-else', 'x'],
        ['GET', '{countersign}:proof:test'],
        ['DEL', '{countersign}:proof:test'],
        ['DEL', '{countersign}:epoch'],
        ['FLUSHALL'],
        ['XTRIM', '{countersign}:revocations', 'MAXLEN', '0'],
        ['GET', 'anything-else'],
        ['CONFIG', 'GET', '*'],
        ['ACL', 'LIST']
      ]
      const responses = await askRedis(project, url, refused)
      expect(responses).toHaveLength(refused.length)
      for (const [at, response] of responses.entries()) {
        expect(response, refused[at]?.join(' ')).toMatch(/^NOPERM/)
      }
    })

    test('the bff-service has the sessions of its browsers, and nothing else in Redis', async () => {
      const { project } = given()
      const url = (await project.exec('bff-service', ['cat', '/run/countersign/browser/redis-url'])).trim()
      const kept = [
        ['SET', 'countersign:browser-session:test', '1', 'EX', '10'],
        ['GETEX', 'countersign:browser-session:test', 'EX', '10']
      ]
      expect(await askRedis(project, url, kept)).toEqual(['OK', '1'])
      const refused = [
        ['GET', '{countersign}:epoch'],
        ['SET', '{countersign}:revocations', 'x'],
        ['DEL', '{countersign}:revoked:sid:x'],
        ['EVAL', "return redis.call('GET', '{countersign}:epoch')", '0'],
        ['KEYS', '*'],
        ['SCAN', '0'],
        ['FLUSHALL'],
        ['CONFIG', 'GET', '*']
      ]
      const responses = await askRedis(project, url, refused)
      expect(responses).toHaveLength(refused.length)
      for (const [at, response] of responses.entries()) {
        expect(response, refused[at]?.join(' ')).toMatch(/NOPERM|ACL failure/)
      }
    })

    test.each([...ourServices, 'migrate'])('the image of %s holds nothing that it does not run', async (service) => {
      const { project } = given()
      const command = [
        'sh',
        '-c',
        'cd /app && du -sm . && find . -name "*.ts" && if [ -e node_modules ]; then ls node_modules; fi'
      ]
      const listing =
        service === 'migrate'
          ? await project.compose('run', '--rm', '--no-TTY', '--no-deps', 'migrate', ...command)
          : await project.exec(service, command)
      const lines = listing.split('\n')
      // Sources and declarations end with .ts: what runs is bundled, but for what has native modules.
      expect(lines.filter((line) => line.endsWith('.ts'))).toEqual([])
      const own = lines.filter((line) => line !== '' && !/\s\.$/.test(line))
      expect(own).toEqual(service === 'auth-service' ? ['@napi-rs', '@node-rs', 'piscina'] : [])
      const megabytes = Number(lines.find((line) => /^\d+\s+\.$/.test(line))?.split(/\s/)[0])
      expect(megabytes).toBeLessThan(service === 'auth-service' ? 60 : 25)
    })
  })
}

/** Sends commands to Redis as the user of a URL. @returns the response to each, of whatever kind */
async function askRedis(project: ComposeProject, url: string, commands: readonly string[][]): Promise<string[]> {
  const script = 'for command; do eval "redis-cli --no-auth-warning -u \\"$URL\\" $command" 2>&1; printf "\\0"; done'
  const quoted = commands.map((words) => words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' '))
  const output = await project.exec('redis', ['env', `URL=${url}`, 'sh', '-c', script, 'sh', ...quoted])
  return output
    .split('\0')
    .slice(0, -1)
    .map((response) => response.trim())
}

function serviceOf(container: Container): string {
  return container.Config.Labels['com.docker.compose.service'] ?? ''
}
