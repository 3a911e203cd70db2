import { availableParallelism } from 'node:os'
import { type LoadGenerator, startLoadGenerator } from '../load/load-generator.ts'
import type { BareQuestion, BareRate, BareWork } from '../peers/bare-work.ts'
import { cpuSecondsOf } from '../peers/cpu-times.ts'
import { packageVersions } from '../peers/package-versions.ts'
import { type Peer, startPeer } from '../peers/peer-process.ts'
import { median, percentile, round } from '../statistics.ts'
import { interleave, type Measurement, ratioOfRounds, type Setting, type SuiteContext } from '../suite.ts'
import type { SignInService } from './sign-in-service.ts'

export const connections = 16
/** At a fixed rate, so that what is due hardly ever waits for a connection. */
const pacedConnections = 64
/** Share of the rate that the service reaches. */
const shareAtFixedRate = 0.6

/** What verifies passwords: the service, or argon2id alone. */
interface Side {
  readonly name: string
  readonly pid: number
  measure(question: BareQuestion): Promise<BareRate>
}

interface Round extends BareRate {
  /** Processor time of one sign-in; `undefined` where the machine does not report it. */
  readonly cpuMillis: number | undefined
}

type Rounds = readonly Round[]

/** Sign-ins per second, and how long they take at a fixed rate, against argon2id alone. */
export async function measureRate(
  { isQuick, progress }: SuiteContext,
  service: SignInService
): Promise<{ measurements: Measurement[]; bareSetting: Setting }> {
  // A sign-in is long and comes seldom: it takes a thousand until what it runs through is compiled.
  const { rounds, warmUps, roundMs, pacedRounds, pacedMs } = isQuick
    ? { rounds: 2, warmUps: 1, roundMs: 1000, pacedRounds: 2, pacedMs: 1000 }
    : { rounds: 9, warmUps: 5, roundMs: 2000, pacedRounds: 4, pacedMs: 3000 }
  const load = startLoadGenerator()
  const bare: Peer<unknown>[] = []
  try {
    for (let i = 0; i < 2; i++) bare.push(await startBareHashing(service))
    const [alone, again] = bare.map((peer, i) => bareSide(peer, `argon2id alone${i > 0 ? ' again' : ''}`))
    const sides = [serviceSide(service, load), alone, again] as [Side, Side, Side]
    const [own] = sides
    for (let number = 0; number < warmUps; number++) await own.measure({ milliseconds: roundMs })
    for (const side of sides) await side.measure({ milliseconds: roundMs })
    const measureRounds = (count: number, question: BareQuestion) =>
      interleave(sides, count, async (side, number) => {
        const found = await measureSide(side, question)
        progress(`round ${number + 1} of ${count}: ${side.name} ${round(found.perSecond)}/s`)
        return found
      })
    const found = await measureRounds(rounds, { milliseconds: roundMs })
    const of = (side: Side) => found.get(side) ?? []
    const perSecond = Math.max(1, Math.round(shareAtFixedRate * median(of(own).map((one) => one.perSecond))))
    progress(`${perSecond} per second`)
    const paced = await measureRounds(pacedRounds, { milliseconds: pacedMs, perSecond })
    return {
      measurements: [...compareRates(sides, of), ...comparePaced(sides, (side) => paced.get(side) ?? [], perSecond)],
      bareSetting: bareSetting(service)
    }
  } finally {
    await load.stop()
    await Promise.all(bare.map((peer) => peer.stop()))
  }
}

function compareRates([own, alone, again]: readonly [Side, Side, Side], of: (side: Side) => Rounds): Measurement[] {
  const rates = (side: Side) => of(side).map(({ perSecond }) => perSecond)
  const cpuMillis = (side: Side) => of(side).flatMap((one) => one.cpuMillis ?? [])
  const [ours, theirs] = [round(median(cpuMillis(own))), round(median(cpuMillis(alone)))]
  const hasTimes = cpuMillis(own).length > 0 && cpuMillis(alone).length > 0
  const note = `a sign-in takes ${ours} ms of processor time in the service, argon2id alone ${theirs} ms; Postgres and the client come on top`
  const compare = (one: Side, other: Side) => ({
    name: 'sign-in',
    ratio: ratioOfRounds(rates(one), rates(other), other.name)
  })
  return [
    {
      ...compare(own, alone),
      goal: { atLeast: 0.85 },
      figures: {
        ours_per_s: round(median(rates(own))),
        theirs_per_s: round(median(rates(alone))),
        ...(hasTimes ? { service_cpu_ms: ours, argon2id_cpu_ms: theirs } : {})
      },
      ...(hasTimes ? { note } : {})
    },
    {
      ...compare(alone, again),
      name: alone.name,
      isNoise: true,
      figures: { one_per_s: round(median(rates(alone))), other_per_s: round(median(rates(again))) }
    }
  ]
}

function comparePaced(
  [own, alone, again]: readonly [Side, Side, Side],
  of: (side: Side) => Rounds,
  perSecond: number
): Measurement[] {
  const p99s = (side: Side) => of(side).map(({ latencies }) => percentile(latencies, 99))
  const pooled = (side: Side, p: number) => {
    const all = of(side).flatMap(({ latencies }) => latencies)
    return round(percentile(all, p))
  }
  const compare = (name: string, one: Side, other: Side): Measurement => ({
    name: `p99 of ${name} at ${perSecond} per second`,
    ratio: ratioOfRounds(p99s(one), p99s(other), other.name),
    figures: {
      our_p99_ms: pooled(one, 99),
      their_p99_ms: pooled(other, 99),
      our_p50_ms: pooled(one, 50),
      their_p50_ms: pooled(other, 50)
    }
  })
  return [compare('a sign-in', own, alone), { ...compare(alone.name, alone, again), isNoise: true }]
}

async function measureSide(side: Side, question: BareQuestion): Promise<Round> {
  const before = cpuSecondsOf(side.pid)
  const found = await side.measure(question)
  const after = cpuSecondsOf(side.pid)
  const cpuMillis = before === undefined || after === undefined ? undefined : ((after - before) * 1000) / found.done
  return { ...found, cpuMillis }
}

function serviceSide(service: SignInService, load: LoadGenerator): Side {
  return {
    name: 'Countersign',
    pid: service.pid,
    async measure({ milliseconds, perSecond }) {
      const { requests, requestsPerSecond, latencies } = await load.run({
        origin: service.url,
        connections: perSecond === undefined ? connections : pacedConnections,
        limit: { milliseconds },
        ...(perSecond === undefined ? {} : { perSecond }),
        requests: service.signIns,
        repeat: true
      })
      return { perSecond: requestsPerSecond, done: requests, latencies: latencies ?? [] }
    }
  }
}

function bareSide(peer: Peer<unknown>, name: string): Side {
  return { name, pid: peer.pid, measure: (question) => peer.ask<BareRate>(question) }
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
