import { createPublicKey, sign, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isHelmHere } from '@countersign/testing/containers'
import { beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { variables as ofAuthService } from '../../services/auth-service/src/config.ts'
import { variables as ofBffService } from '../../services/bff-service/src/config.ts'
import { variables as ofResourceService } from '../../services/resource-service/src/config.ts'
import { chart, helm, helmWith } from './fixtures/helm.ts'
import { faultsOf, type Manifest, parseManifests, podsOf } from './fixtures/manifests.ts'
import { repository } from './fixtures/npm.ts'
import { blocksOf, placeOf } from './fixtures/pages.ts'

const required = {
  issuer: 'https://auth.example.com',
  apiAudience: 'https://api.example.com',
  publicUrl: 'https://app.example.com'
}
const bundled = { ...required, postgres: { bundled: true }, redis: { bundled: true } }
const mail = { from: 'no-reply@example.com', smtpUrl: 'smtps://a:b@smtp.example.com' }
const autoscaling = { enabled: true }
const term = { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { a: 'b' } } }
const placement = {
  podAnnotations: { a: 'b' },
  nodeSelector: { disk: 'fast' },
  tolerations: [{ key: 'a', operator: 'Exists' }],
  affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } },
  priorityClassName: 'high'
}

const valueSets: Record<string, object> = {
  'a trial': bundled,
  'a trial without volumes': {
    ...bundled,
    postgres: { bundled: true, persistence: { enabled: false } },
    redis: { bundled: true, persistence: { enabled: false } }
  },
  'stores from elsewhere': {
    ...required,
    postgres: { url: 'postgres://a:b@postgres:5432/c' },
    redis: {
      url: 'rediss://redis:6379',
      verifierUrl: 'rediss://verifier:x@redis:6379',
      browserUrl: 'rediss://browser:x@redis:6379'
    },
    mail,
    ingress: { enabled: true, api: true, className: 'nginx', annotations: { a: 'b' }, tlsSecret: 'tls' }
  },
  'an existing Secret': {
    ...required,
    mail: { from: 'no-reply@example.com' },
    productName: 'Example',
    logo: { secret: 'branding', key: 'logo.png' },
    secrets: { existing: 'mine', from: { 'database-url': { name: 'my-database', key: 'uri' } } },
    networkPolicies: { enabled: false },
    podDisruptionBudgets: false
  },
  'everything else': {
    ...bundled,
    image: { pullSecrets: [{ name: 'registry' }], tag: '1.2.3' },
    auth: { ...placement, autoscaling, env: { AUDIT_RETENTION_DAYS: 30 } },
    resource: { ...placement, autoscaling, service: { type: 'NodePort', nodePort: 30401, annotations: { a: 'b' } } },
    bff: { ...placement, autoscaling },
    logo: { configMap: 'branding' },
    installation: { apis: [{ identifier: 'https://reports.example.com' }] },
    installationSecret: 'mine',
    postgres: { bundled: true, persistence: { storageClass: 'fast' } },
    redis: { bundled: true, persistence: { storageClass: 'fast' } },
    networkPolicies: { metricsFrom: [{ namespaceSelector: {} }], redisFrom: [{ podSelector: {} }] }
  },
  'an auth-service alone': { ...bundled, resource: { enabled: false }, bff: { enabled: false } }
}
const versions = ['1.20.0', '1.35.0']
const cases = Object.keys(valueSets).flatMap((name) => versions.map((version) => ({ name, version })))
const keyOf = ({ name, version }: { name: string; version: string }) => `${name} ${version}`

const render = async (values: object, version = '1.35.0') =>
  parseManifests(await helmWith(values, ['template', 'countersign', chart, '--kube-version', version]))

const isKind = (kind: string) => (manifest: Manifest) => manifest.kind === kind
const decode = (text: string | undefined) => Buffer.from(text ?? '', 'base64').toString()
async function madeSecrets(): Promise<Record<string, string>> {
  const made = (await render(bundled)).filter(isKind('Secret')).flatMap(({ data = {} }) => Object.entries(data))
  return Object.fromEntries(made.map(([key, value]) => [key, decode(value)]))
}

describe.skipIf(!isHelmHere)('the Helm chart', () => {
  test('has no fault that `helm lint --strict` finds', async () => {
    for (const values of Object.values(valueSets)) await helmWith(values, ['lint', '--strict', chart])
  })

  describe('makes manifests', () => {
    const rendered = new Map<string, Manifest[]>()
    let faults: Map<string, string[]>
    beforeAll(async () => {
      for (const one of cases) rendered.set(keyOf(one), await render(valueSets[one.name] as object, one.version))
      faults = await faultsOf(rendered)
    })

    test.each(cases)('as the API of Kubernetes $version has them: $name', ({ name, version }) => {
      const manifests = rendered.get(keyOf({ name, version })) as Manifest[]
      expect(manifests.length).toBeGreaterThan(4)
      expect(faults.get(keyOf({ name, version }))).toEqual([])
      const former = manifests.filter(({ apiVersion }) => apiVersion.includes('beta'))
      if (version === '1.35.0') expect(former).toEqual([])
    })
  })

  test('takes the versions of an API that a cluster has', async () => {
    const kinds = ['PodDisruptionBudget', 'HorizontalPodAutoscaler']
    const used = async (version: string) => {
      const manifests = await render(valueSets['everything else'] as object, version)
      return kinds.map((kind) => manifests.find(isKind(kind))?.apiVersion)
    }
    expect(await used('1.20.0')).toEqual(['policy/v1beta1', 'autoscaling/v2beta2'])
    expect(await used('1.22.0')).toEqual(['policy/v1', 'autoscaling/v2beta2'])
    expect(await used('1.23.0')).toEqual(['policy/v1', 'autoscaling/v2'])
  })

  test('would not pass with a misspelt field, a missing one or one of another type', async () => {
    const deployment = (await render(bundled)).find(isKind('Deployment')) as Manifest
    const change = (from: string, to: string) => JSON.parse(JSON.stringify(deployment).replace(from, to))
    const faults = await faultsOf(
      new Map([
        ['as it is', [deployment]],
        ['misspelt', [change('"readinessProbe"', '"readinesProbe"')]],
        ['of another type', [change('"maxSurge":1', '"maxSurge":true')]],
        ['missing', [change('"selector"', '"minReadySeconds"')]]
      ])
    )
    expect(faults.get('as it is')).toEqual([])
    expect(faults.get('misspelt')).toEqual([expect.stringMatching(/readinesProbe.* does not exist/)])
    expect(faults.get('of another type')).not.toEqual([])
    expect(faults.get('missing')).not.toEqual([])
  })

  test.each(Object.keys(valueSets))('confines every container, and gives it limits: %s', async (name) => {
    const pods = podsOf(await render(valueSets[name] as object))
    expect(pods.length).toBeGreaterThan(1)
    for (const { manifest, pod, containers } of pods) {
      const { name } = manifest.metadata
      expect(pod.automountServiceAccountToken, name).toBe(false)
      expect(pod.securityContext, name).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' }
      })
      for (const container of containers) {
        expect(container.securityContext, name).toEqual({
          readOnlyRootFilesystem: true,
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] }
        })
        expect(container.resources.limits.memory, name).toMatch(/^\d+Mi$/)
        if (manifest.kind === 'Job') continue
        for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe'] as const) {
          expect(container[probe], `${name} ${probe}`).toBeDefined()
        }
      }
    }
  })

  test('probes our services at the management port, which no Service has', async () => {
    const manifests = await render(bundled)
    const ours = podsOf(manifests).filter(({ manifest }) => manifest.kind === 'Deployment')
    expect(ours.length).toBe(3)
    for (const { containers } of ours) {
      expect(containers[0]?.livenessProbe).toMatchObject({ httpGet: { path: '/health/live', port: 'management' } })
      expect(containers[0]?.readinessProbe).toMatchObject({ httpGet: { path: '/health/ready', port: 'management' } })
    }
    const ports = manifests.filter(isKind('Service')).flatMap(({ spec }) => spec.ports)
    expect(ports.map(({ port }) => port).sort()).toEqual([4000, 4001, 4002, 5432, 6379])
  })

  test('gives a pod longer to end than it takes requests and finishes them', async () => {
    const [auth] = podsOf(await render({ ...bundled, shutdownDelaySeconds: 20 }))
    expect(auth?.pod.terminationGracePeriodSeconds).toBeGreaterThan(20 + 10)
  })

  test('sets variables that the services know', async () => {
    const known = { auth: ofAuthService, resource: ofResourceService, bff: ofBffService }
    const pods = podsOf(await render({ ...bundled, mail }))
    for (const [component, variables] of Object.entries(known)) {
      const names = new Set<string>(Object.values(variables).map(({ name }) => name))
      const pod = pods.find(({ manifest }) => manifest.metadata.name === `countersign-${component}`)
      const set = pod?.containers[0]?.env ?? []
      expect(set.length).toBeGreaterThan(5)
      const unknown = set.filter(({ name }) => !names.has(name.replace(/_FILE$/, '')))
      expect(unknown, component).toEqual([])
    }
  })

  test('mounts the secrets that a pod needs, and no others', async () => {
    const mounted = podsOf(await render(bundled)).map(({ manifest, pod }) => [
      manifest.metadata.labels['app.kubernetes.io/component'],
      pod.volumes.flatMap(({ projected }) => projected?.sources ?? []).flatMap(({ secret }) => secret.items[0]?.key)
    ])
    expect(Object.fromEntries(mounted)).toEqual({
      auth: ['database-url', 'redis-url', 'master-key', 'admin-password', 'forwarder-key'],
      resource: ['verifier-redis-url', 'client-key'],
      bff: ['browser-redis-url', 'forwarder-key'],
      migrate: ['database-url', 'client-jwks'],
      postgres: ['database-password'],
      redis: ['redis-acl']
    })
  })

  test.each(['a trial', 'stores from elsewhere', 'an auth-service alone'])(
    'makes what the pods mount: %s',
    async (name) => {
      const manifests = await render(valueSets[name] as object)
      const made = manifests
        .filter(isKind('Secret'))
        .flatMap(({ metadata, data = {} }) => Object.keys(data).map((key) => `${metadata.name} ${key}`))
      const mounted = podsOf(manifests)
        .flatMap(({ pod }) => pod.volumes.flatMap(({ projected }) => projected?.sources ?? []))
        .map(({ secret }) => `${secret.name} ${secret.items[0]?.key}`)
      expect(made).toEqual(expect.arrayContaining(mounted))
      const isRolledBack = (key: string) => {
        const secret = manifests.filter(isKind('Secret')).find(({ data = {} }) => key in data) as Manifest
        return secret.metadata.annotations?.['helm.sh/hook'] === undefined
      }
      expect(['master-key', 'admin-password', 'database-url', 'redis-url'].map(isRolledBack)).toEqual([
        false,
        false,
        true,
        true
      ])
    }
  )

  test('mounts a logo for the pages alone, and one at most', async () => {
    const logosOf = async (logo: object) =>
      podsOf(await render({ ...bundled, logo })).flatMap(({ pod, containers }) =>
        containers
          .filter(({ env = [] }) => env.some(({ name }) => name === 'LOGO_FILE'))
          .map(({ name, env = [], volumeMounts = [] }) => ({
            name,
            file: env.find((variable) => variable.name === 'LOGO_FILE')?.value,
            mount: volumeMounts.find((mount) => mount.name === 'branding')?.mountPath,
            volume: pod.volumes?.find((volume) => volume.name === 'branding')
          }))
      )
    const page = { name: 'bff', file: '/run/branding/logo', mount: '/run/branding' }
    expect(await logosOf({ configMap: 'mine' })).toEqual([
      { ...page, volume: { name: 'branding', configMap: { name: 'mine', items: [{ key: 'logo.svg', path: 'logo' }] } } }
    ])
    expect(await logosOf({ secret: 'mine', key: 'logo.png' })).toEqual([
      {
        ...page,
        volume: { name: 'branding', secret: { secretName: 'mine', items: [{ key: 'logo.png', path: 'logo' }] } }
      }
    ])
    expect(await logosOf({})).toEqual([])
    await expect(render({ ...bundled, logo: { configMap: 'a', secret: 'b' } })).rejects.toThrow(/logo/)
  })

  test('takes a secret from where the values say', async () => {
    const pods = podsOf(await render(valueSets['an existing Secret'] as object))
    const sources = pods.flatMap(({ pod }) => pod.volumes.flatMap(({ projected }) => projected?.sources ?? []))
    const names = new Set(sources.map(({ secret }) => `${secret.name} ${secret.items[0]?.key}`))
    expect(names).toContain('my-database uri')
    expect(names).toContain('mine master-key')
    expect(names).not.toContain('mine database-url')
    expect(names).toContain('mine smtp-url')
  })

  test('makes secrets that the services can use', async () => {
    const secrets = await madeSecrets()
    expect(Buffer.from(secrets['master-key'] as string, 'base64')).toHaveLength(32)
    const privateKey = JSON.parse(secrets['client-key'] as string)
    const [publicKey] = JSON.parse(secrets['client-jwks'] as string).keys
    expect(publicKey).not.toHaveProperty('d')
    expect(publicKey.kid).toBe(privateKey.kid)
    const data = Buffer.from('signed')
    const signature = sign('sha256', data, { key: privateKey, format: 'jwk' })
    expect(verify('sha256', data, createPublicKey({ key: publicKey, format: 'jwk' }), signature)).toBe(true)
  })

  test('gives the users of Redis the rights that they have on Compose', async () => {
    const withoutPasswords = (text: string) => text.replaceAll(/#\S+/g, '#').split('\n')
    const onCompose = readFileSync(join(repository, 'docker', 'make-secrets.mjs'), 'utf8')
    const [, list = ''] = /secret\('redis\/acl-2\.conf', \(\) =>\s*(\[[^\]]*\])/.exec(onCompose) ?? []
    const lines = list.replaceAll(/\$\{.*?\}(?=[` ])/g, '').replaceAll(/[`']\s*\+\s*[`']/g, '')
    const expected = [...lines.matchAll(/[`']([^`']+)[`']/g)].map(([, line]) => line)
    expect(expected.length).toBe(3)
    expect(withoutPasswords((await madeSecrets())['redis-acl'] as string)).toEqual(expected)
  })

  test('runs the migration as a Job of another name for another version, and not as a hook', async () => {
    const jobOf = async (tag: string) => {
      const manifests = await render({ ...bundled, image: { tag } })
      const { annotations = {}, name } = (manifests.find(isKind('Job')) as Manifest).metadata
      expect(Object.keys(annotations).filter((key) => key.startsWith('helm.sh/hook'))).toEqual([])
      return name
    }
    const names = await Promise.all(['1.0.0', '1.0.0', '1.1.0'].map(jobOf))
    expect(names[0]).toBe(names[1])
    expect(names[0]).not.toBe(names[2])
  })

  test('applies the APIs, roles, clients and providers of the values after the migration, each change of them by another Job', async () => {
    const made = async (values: object) => {
      const manifests = await render({ ...bundled, ...values })
      const [job] = podsOf(manifests).filter(({ manifest }) => manifest.kind === 'Job')
      const file = manifests.find(isKind('ConfigMap'))
      return { job: job as NonNullable<typeof job>, file }
    }
    const installation = { roles: [{ name: 'reporter', description: 'of: "reports"' }] }
    const { job, file } = await made({ installation, installationSecret: 'mine' })
    expect(parse(file?.data?.['installation.yaml'] as string)).toEqual(installation)
    expect(job.containers.map(({ name }) => name)).toEqual(['migrate', 'register', 'apply'])
    const [apply] = job.pod.containers
    expect(apply?.args?.slice(0, 2)).toEqual(['apply', '--refuse-secrets'])
    const mount = apply?.volumeMounts?.find(({ name }) => name === 'installation')
    expect(apply?.args?.[2]).toBe(`${mount?.mountPath}/installation.yaml`)
    const volume = job.pod.volumes.find(({ name }) => name === 'installation')
    expect(volume?.projected?.sources).toEqual([
      { configMap: { name: file?.metadata.name } },
      { secret: { name: 'mine', optional: true } }
    ])
    const alone = await made({ installation, resource: { enabled: false } })
    expect(alone.job.containers.map(({ name }) => name)).toEqual(['migrate', 'apply'])
    const changed = await made({ installation: { roles: [] }, installationSecret: 'mine' })
    expect(changed.job.manifest.metadata.name).not.toBe(job.manifest.metadata.name)
    const none = await made({})
    expect(none.file).toBeUndefined()
    expect(none.job.containers.map(({ name }) => name)).toEqual(['migrate', 'register'])
  })

  test.each([
    ['a value that there is not', { ...bundled, auth: { replica: 3 } }, /replica/],
    ['a kind of installation that there is not', { ...bundled, installation: { users: [] } }, /users/],
    ['no issuer', { ...bundled, issuer: '' }, /issuer is required/],
    ['no database', { ...required, redis: { bundled: true } }, /There is no database/],
    ['no Redis', { ...required, postgres: { bundled: true } }, /There is no Redis/],
    [
      'a Redis for the issuer alone',
      { ...required, postgres: { bundled: true }, redis: { url: 'redis://redis' } },
      /There is no Redis for browser-redis-url: set redis\.browserUrl/
    ],
    ['mail without a server', { ...bundled, mail: { from: 'no-reply@example.com' } }, /There is no mail server/],
    ['no limit for memory', { ...bundled, auth: { resources: { limits: { memory: null } } } }, /memory/],
    ['a URL that is none', { ...bundled, publicUrl: 'app.example.com' }, /publicUrl/]
  ])('refuses %s', async (_, values, message) => {
    await expect(helmWith(values, ['template', 'countersign', chart])).rejects.toThrow(message)
  })

  test('takes the values that the pages show', async () => {
    const pages = ['deploy/helm/countersign/README.md', 'docs/kubernetes.md']
    const samples = pages.flatMap((page) => blocksOf(page)).filter(({ language }) => language === 'yaml')
    expect(samples.length).toBeGreaterThan(1)
    const rendered = new Map<string, Manifest[]>()
    for (const block of samples) rendered.set(placeOf(block), await render({ ...bundled, ...parse(block.code) }))
    const faults = await faultsOf(rendered)
    expect(faults.size).toBe(samples.length)
    for (const [place, found] of faults) expect(found, place).toEqual([])
  })

  test('says in its notes how to find the password of the first admin', async () => {
    const notes = await helmWith(bundled, ['install', 'countersign', chart, '--dry-run=client', '--output', 'json'])
    expect(JSON.parse(notes).info.notes).toContain('admin-password')
    expect(await helm('show', 'chart', chart)).toContain('name: countersign')
  })
})
