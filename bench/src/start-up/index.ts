import { startTrio } from '@countersign/testing/trio'
import { createBenchDatabase } from '../databases.ts'
import { strictRotation } from '../refresh/refresh-contestant.ts'
import { median, round } from '../statistics.ts'
import { interleave, type Measurement, ratioOfRounds, type Suite } from '../suite.ts'
import { type StartFigures, startAndMeasure } from './start-and-measure.ts'
import { bareKoa, type Starter, starters } from './starters.ts'

const sizes = { full: { rounds: 7, requests: 10_000 }, quick: { rounds: 1, requests: 200 } } as const

/** How long each service takes until it is ready, and what it holds of memory. */
export const startUp: Suite = {
  name: 'start-up',
  summary: `from the start of the process until it is ready, and resident memory then and after ${sizes.full.requests.toLocaleString('en')} requests, against a bare Koa process`,
  async run(context) {
    const { rounds, requests } = context.isQuick ? sizes.quick : sizes.full
    const database = await createBenchDatabase(context.postgresUrl)
    // A first set stays: the schema and the signing keys are there, and the services find each other.
    const trio = await startTrio({
      databaseUrl: database.url,
      redisUrl: context.redisUrl,
      env: { ...strictRotation, LOG_LEVEL: 'info' }
    })
    try {
      const services = starters(trio)
      context.progress(`${rounds} rounds`)
      const found = await interleave(services, rounds, (service, index) =>
        startAndMeasure(service, index === rounds - 1 ? requests : 0)
      )
      const bare = found.get(bareKoa) ?? []
      return {
        measurements: services
          .filter((service) => service !== bareKoa)
          .flatMap((service) => compare(service, found.get(service) ?? [], bare, requests))
      }
    } finally {
      await trio.stop()
      await database.drop()
    }
  }
}

function compare(
  { name, use }: Starter,
  own: readonly StartFigures[],
  bare: readonly StartFigures[],
  requests: number
): Measurement[] {
  const line = (what: string, unit: string, figure: keyof StartFigures): Measurement[] => {
    const pairs = own.flatMap((one, i) => {
      const ours = one[figure]
      const theirs = bare[i]?.[figure]
      return ours === undefined || theirs === undefined ? [] : [{ ours, theirs }]
    })
    if (pairs.length === 0) return []
    const ours = pairs.map((pair) => pair.ours)
    const theirs = pairs.map((pair) => pair.theirs)
    return [
      {
        name: `${name}, ${what}`,
        ratio: ratioOfRounds(ours, theirs, bareKoa.name),
        figures: { [`our_${unit}`]: round(median(ours)), [`their_${unit}`]: round(median(theirs)) }
      }
    ]
  }
  return [
    ...line('start until ready', 'ms', 'readyMs'),
    ...line('memory when ready', 'mib', 'readyMib'),
    ...line(`memory after ${requests.toLocaleString('en')} ${use}`, 'mib', 'usedMib')
  ]
}
