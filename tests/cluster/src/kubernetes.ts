/** The Helm chart on a real Kubernetes: what rollouts and lost pods cost. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { unpackHelm } from '@countersign/testing/containers'
import { expectThat, repository, run, say, until } from './commands.ts'
import { imageRepository, postgresImage, redisImage, versions } from './images.ts'
import { startLoad } from './load.ts'
import { doMainJob } from './main-job.ts'

const script = (name: string) => run(join(repository, 'tests', 'cluster', 'kubernetes', name), [])
const namespace = 'countersign'
const release = 'countersign'
const chart = join(repository, 'deploy', 'helm', 'countersign')
const ports = { auth: 30400, resource: 30401, bff: 30402 }
const addresses = {
  auth: `http://127.0.0.1:${ports.auth}`,
  resource: `http://127.0.0.1:${ports.resource}`,
  // The one name that it has.
  bff: `http://localhost:${ports.bff}`
}

const service = (nodePort: number) => ({ service: { type: 'NodePort', nodePort } })
const values = {
  mail: { from: 'no-reply@example.com', smtpUrl: 'smtp://127.0.0.1:2525' },
  // A name, since an Ingress takes no address.
  issuer: `http://localhost:${ports.auth}`,
  apiAudience: 'http://localhost:4001',
  publicUrl: addresses.bff,
  trustedProxyHops: 0,
  image: { repository: imageRepository, tag: versions.last, pullPolicy: 'Never' },
  auth: service(ports.auth),
  resource: service(ports.resource),
  // What nothing here uses, but the API has to take: it has no metrics for an autoscaler, and no ingress controller.
  bff: { ...service(ports.bff), autoscaling: { enabled: true } },
  ingress: { enabled: true, api: true, className: 'none', tlsSecret: 'none' },
  postgres: { bundled: true, image: postgresImage, persistence: { enabled: false } },
  redis: { bundled: true, image: redisImage, persistence: { enabled: false } }
}

/** @returns what went wrong */
export async function testKubernetes(perSecond: number): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-cluster-'))
  try {
    await script('build.sh')
    say((await script('up.sh')).trim())
    const { kubeconfig, bin } = JSON.parse(await script('where.sh'))
    await writeFile(join(folder, 'values.json'), JSON.stringify(values))
    // Helm keeps what it caches out of the home folder.
    const env = { KUBECONFIG: kubeconfig, HELM_CACHE_HOME: folder, HELM_CONFIG_HOME: folder, HELM_DATA_HOME: folder }
    const helmProgram = await unpackHelm()
    return await testRelease({
      perSecond,
      helm: (...args) => run(helmProgram, [...args, '--namespace', namespace], { env }),
      kubectl: (args, input) =>
        run(join(bin, 'kubectl'), ['--namespace', namespace, ...args], {
          env,
          ...(input === undefined ? {} : { input })
        }),
      valuesFile: join(folder, 'values.json')
    })
  } finally {
    await script('down.sh')
    await rm(folder, { recursive: true, force: true })
    say('The cluster is gone.')
  }
}

interface Cluster {
  readonly perSecond: number
  readonly valuesFile: string
  helm(...args: string[]): Promise<string>
  kubectl(args: readonly string[], input?: string): Promise<string>
}

async function testRelease({ perSecond, helm, kubectl, valuesFile }: Cluster): Promise<string[]> {
  const faults: string[] = []
  const rollOut = async () => {
    for (const name of ['auth', 'resource', 'bff']) {
      await kubectl(['rollout', 'status', `deployment/${release}-${name}`, '--timeout=300s'])
    }
  }
  /** Those that stay: a rollout is over while its old pods are still ending. */
  const authPods = async () => {
    const list = await kubectl(['get', 'pods', '--selector=app.kubernetes.io/component=auth', '--output=json'])
    const pods = JSON.parse(list).items as { metadata: { name: string; deletionTimestamp?: string } }[]
    return pods.flatMap(({ metadata }) => (metadata.deletionTimestamp === undefined ? [metadata.name] : []))
  }
  const readAdminPassword = async () => {
    const secret = await kubectl(['get', 'secret', `${release}-secrets`, '--output=jsonpath={.data.admin-password}'])
    return Buffer.from(secret, 'base64').toString()
  }

  await helm('install', release, chart, '--create-namespace', '--values', valuesFile)
  await script('dns.sh')
  await rollOut()
  say('helm install: all services are ready')
  const adminPassword = await readAdminPassword()
  await doMainJob(addresses, adminPassword)
  say('The main job is done: sign-in, /me, refresh, logout, dashboard, pages')

  const load = await startLoad({ authUrl: addresses.auth, perSecond })
  const harmless = async (what: string, act: () => Promise<void>) => {
    const found = await load.faultsDuring(what, act)
    faults.push(...found)
    if (found.length > 0) say(await describeEndedContainers(kubectl))
  }

  await harmless('nothing happens', () => new Promise((resolve) => setTimeout(resolve, 5_000)))
  await harmless('rollout restart', async () => {
    for (const name of ['auth', 'resource', 'bff'])
      await kubectl(['rollout', 'restart', `deployment/${release}-${name}`])
    await rollOut()
  })
  await harmless('upgrade from the last release', async () => {
    await helm('upgrade', release, chart, '--values', valuesFile, '--set', `image.tag=${versions.current}`)
    await rollOut()
  })
  expectThat((await readAdminPassword()) === adminPassword, 'an upgrade keeps the secrets')
  // As an operator changes a secret by hand: a rollback must not put back what it was.
  const changed = { stringData: { 'admin-password': 'changed by hand' } }
  await kubectl(['patch', 'secret', `${release}-secrets`, `--patch=${JSON.stringify(changed)}`])
  await harmless('rollback to the last release', async () => {
    await helm('rollback', release)
    await rollOut()
  })
  expectThat((await readAdminPassword()) === 'changed by hand', 'a rollback keeps a secret that was changed')
  await harmless('drain: every pod of the auth-service is evicted', async () => {
    for (const name of await authPods()) {
      const eviction = { apiVersion: 'policy/v1beta1', kind: 'Eviction', metadata: { name, namespace } }
      const path = `/api/v1/namespaces/${namespace}/pods/${name}/eviction`
      // Refused while another pod is missing: the PodDisruptionBudget. `kubectl drain` asks again, too.
      await until(120, () => kubectl(['create', '--raw', path, '--filename=-'], JSON.stringify(eviction)))
    }
    await rollOut()
  })
  await harmless('a version that ends at its start, and back', async () => {
    await helm('upgrade', release, chart, '--values', valuesFile, '--set', `image.tag=${versions.broken}`)
    const stuck = await kubectl(['rollout', 'status', `deployment/${release}-auth`, '--timeout=20s']).catch(
      () => undefined
    )
    if (stuck !== undefined) faults.push('a version that ends at its start was rolled out')
    await helm('rollback', release)
    await rollOut()
  })

  await load.during('a pod is killed', async () => {
    const [pod = ''] = await authPods()
    const filters = [`label=io.kubernetes.pod.name=${pod}`, 'label=io.kubernetes.docker.type=container']
    const ids = await run('docker', ['ps', '--quiet', ...filters.flatMap((filter) => ['--filter', filter])])
    expectThat(ids.trim() !== '', 'the killed pod has a container')
    await run('docker', ['kill', ...ids.trim().split('\n')])
    await until(60, async () => {
      const restarts = await kubectl([
        'get',
        'pod',
        pod,
        '--output=jsonpath={.status.containerStatuses[0].restartCount}'
      ])
      expectThat(Number(restarts) > 0, 'the killed container is started again')
    })
    await rollOut()
  })
  faults.push(...(await load.stop()))

  await helm('uninstall', release)
  await kubectl(['get', 'secret', `${release}-secrets`])
  return faults
}

/** Why containers of the auth-service ended, and when: what a refused connection may come from. */
async function describeEndedContainers(kubectl: Cluster['kubectl']): Promise<string> {
  const columns = [
    'NAME:.metadata.name',
    'RESTARTS:.status.containerStatuses[0].restartCount',
    'ENDED:.status.containerStatuses[0].lastState.terminated.finishedAt',
    'CODE:.status.containerStatuses[0].lastState.terminated.exitCode',
    'REASON:.status.containerStatuses[0].lastState.terminated.reason',
    'READY:.status.conditions[?(@.type=="Ready")].lastTransitionTime'
  ]
  const selector = '--selector=app.kubernetes.io/component=auth'
  const pods = await kubectl(['get', 'pods', selector, `--output=custom-columns=${columns.join(',')}`])
  const events = await kubectl(['get', 'events', '--sort-by=.lastTimestamp', '--field-selector=type=Warning'])
  return `${new Date().toISOString()}\n${pods}\n${events}`
}
