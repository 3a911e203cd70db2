import { availableParallelism } from 'node:os'
import { startLoadGenerator } from '../load/load-generator.ts'
import type { BareRate, BareWork } from '../peers/bare-work.ts'
import { cpuSecondsOf } from '../peers/cpu-times.ts'
import { packageVersions } from '../peers/package-versions.ts'
import { type Peer, startPeer } from '../peers/peer-process.ts'
import { median, round } from '../statistics.ts'
import { interleave, type Measurement, ratioOfRounds, type Setting, type Suite, type SuiteContext } from '../suite.ts'
import { floodSetting, measureFlood } from './flood.ts'
import { type SignInService, startSignInService } from './sign-in-service.ts'

const connections = 16
const refreshSessions = 16

/** Sign-ins per second against bare argon2id, and what a flood of them does to everything else. */
export const signIns: Suite = {
  name: 'sign-in',
  summary: `sign-ins per second over ${connections} connections, against argon2id alone; and the p99 of refresh and JWKS while sign-ins flood`,
  async run(context) {
    const service = await startSignInService(context, refreshSessions)
    try {
      const rate = await measureRate(context, service)
      const { measurements, profile } = await measureFlood(context, service)
      const flood: Setting = { contestant: 'the flood', versions: {}, options: floodSetting }
      return {
        measurements: [rate.measurement, ...measurements],
        settings: [service.setting, rate.bareSetting, flood],
        profiles: [profile]
      }
    } finally {
      await service.stop()
    }
  }
}

async function measureRate(
  { isQuick, progress }: SuiteContext,
  service: SignInService
): Promise<{ measurement: Measurement; bareSetting: Setting }> {
  // A sign-in is long and comes seldom: it takes a thousand until what it runs through is compiled.
  const { rounds, warmUps, roundMs } = isQuick
    ? { rounds: 2, warmUps: 1, roundMs: 1000 }
    : { rounds: 9, warmUps: 5, roundMs: 3000 }
  const load = startLoadGenerator()
  const bare = await startBareHashing(service)
  const cpuMillis = { own: [] as number[], bare: [] as number[] }
  const own = async (milliseconds: number) => {
    const before = cpuSecondsOf(service.pid)
    const { requests, requestsPerSecond } = await load.run({
      origin: service.url,
      connections,
      limit: { milliseconds },
      requests: service.signIns,
      repeat: true
    })
    cpuMillis.own.push(...millisEach(before, cpuSecondsOf(service.pid), requests))
    return requestsPerSecond
  }
  const alone = async (milliseconds: number) => {
    const before = cpuSecondsOf(bare.pid)
    const { perSecond, done } = await bare.ask<BareRate>({ milliseconds })
    cpuMillis.bare.push(...millisEach(before, cpuSecondsOf(bare.pid), done))
    return perSecond
  }
  try {
    for (let number = 0; number < warmUps; number++) await own(roundMs)
    await alone(roundMs)
    const found = await interleave([own, alone], rounds, async (measure, number) => {
      const perSecond = await measure(roundMs)
      progress(`round ${number + 1} of ${rounds}: ${measure === own ? 'sign-ins' : 'argon2id'} ${round(perSecond)}/s`)
      return perSecond
    })
    const [ours, theirs] = [found.get(own) ?? [], found.get(alone) ?? []]
    const hasTimes = cpuMillis.own.length > 0 && cpuMillis.bare.length > 0
    const times = { service_cpu_ms: round(median(cpuMillis.own)), argon2id_cpu_ms: round(median(cpuMillis.bare)) }
    const note = `a sign-in takes ${times.service_cpu_ms} ms of processor time in the service, argon2id alone ${times.argon2id_cpu_ms} ms; Postgres and the client come on top`
    return {
      measurement: {
        name: 'sign-in',
        ratio: ratioOfRounds(ours, theirs, 'argon2id alone'),
        goal: { atLeast: 0.9 },
        figures: {
          ours_per_s: round(median(ours)),
          theirs_per_s: round(median(theirs)),
          ...(hasTimes ? times : {})
        },
        ...(hasTimes ? { note } : {})
      },
      bareSetting: bareSetting(service)
    }
  } finally {
    await load.stop()
    await bare.stop()
  }
}

function millisEach(before: number | undefined, after: number | undefined, count: number): number[] {
  return before === undefined || after === undefined ? [] : [((after - before) * 1000) / count]
}

function startBareHashing({ example }: SignInService): Promise<Peer<unknown>> {
  const work: BareWork = { kind: 'verify', atOnce: connections, ...example }
  return startPeer(new URL('../peers/bare-work.js', import.meta.url), work, {
    UV_THREADPOOL_SIZE: String(availableParallelism())
  })
}

function bareSetting({ example }: SignInService): Setting {
  const parameters = example.passwordHash.split('$').slice(1, 4).join(' ')
  return {
    contestant: 'argon2id alone',
    versions: packageVersions('@node-rs/argon2'),
    options: `a process that only verifies a password against a hash that Countersign made (${parameters}), ${connections} at once on a thread pool of ${availableParallelism()}, one thread for each core`
  }
}
