import { parseArgs } from 'node:util'
import { lastRelease } from '@countersign/testing/trio'
import { say } from './commands.ts'
import { testCompose } from './compose.ts'
import { buildImages, removeImages } from './images.ts'
import { testKubernetes } from './kubernetes.ts'
import { testSwarm } from './swarm.ts'

const suites: Record<string, { summary: string; test(perSecond: number): Promise<string[]> }> = {
  kubernetes: {
    summary:
      'the Helm chart on a real Kubernetes 1.20: root, Debian 12 and cgroup v1 are needed; builds it first (12 minutes)',
    test: testKubernetes
  },
  compose: {
    summary:
      'three replicas of each service behind HAProxy without retries, restarted one after another: 20,000 refreshes, twice',
    test: testCompose
  },
  swarm: {
    summary:
      'the stack on Docker Swarm: a rolling update, a rollback, a version that does not start; the engine must be in no swarm',
    test: testSwarm
  }
}

const help = `npm run test:cluster [-- [--only SUITE] [--rate N] [--from REVISION]]

Restarts, upgrades, drains and kills the services under a load of refreshes, each over a connection of its own, and expects that
none fails and no session is lost. Docker is needed. Takes away all that it started; what it has built stays in
$COUNTERSIGN_CLUSTER_CACHE (default ~/.cache/countersign-cluster).

Options:
  --only SUITE      one of the suites below
  --rate N          refreshes in a second: 100
  --from REVISION   the Git revision to upgrade from: ${lastRelease}, the last release
  --help            this

Suites:
${Object.entries(suites)
  .map(([name, { summary }]) => `  ${name.padEnd(12)} ${summary}`)
  .join('\n')}
`

async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      help: { type: 'boolean' },
      only: { type: 'string' },
      rate: { type: 'string', default: '100' },
      from: { type: 'string', default: lastRelease }
    }
  })
  if (values.help) {
    process.stdout.write(help)
    return
  }
  const perSecond = Number(values.rate)
  if (!(perSecond > 0)) throw new Error(`--rate ${values.rate} is not a number.`)
  if (values.only !== undefined && !Object.hasOwn(suites, values.only)) {
    throw new Error(`There is no suite ${values.only}.\n\n${help}`)
  }
  const faults: string[] = []
  try {
    say('builds the images')
    await buildImages(values.from)
    for (const [name, { test }] of Object.entries(suites)) {
      if (values.only !== undefined && values.only !== name) continue
      say(`${name}:`)
      faults.push(...(await test(perSecond)).map((fault) => `${name}: ${fault}`))
    }
  } finally {
    await removeImages()
  }
  for (const fault of faults) say(`FAILED: ${fault}`)
  say(faults.length === 0 ? 'Nothing failed.' : `${faults.length} failed.`)
  process.exitCode = faults.length === 0 ? 0 : 1
}

// Ctrl-C ends the program that is running, whose failure ends the suite: it takes away what it started.
process.on('SIGINT', () => say('ends'))

main(process.argv.slice(2)).catch((error) => {
  const { message, stderr = '' } = error as Error & { stderr?: string }
  process.stderr.write(`${message}\n${stderr}\n`)
  process.exitCode = 1
})
