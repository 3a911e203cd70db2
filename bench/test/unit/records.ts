import type { Measurement } from '../../src/suite.ts'
import type { SuiteRecord } from '../../src/suite-record.ts'

export const machine = {
  processor: 'a processor',
  cores: 2,
  memory_gib: 8,
  node: 'v20.19.0',
  postgres: '17',
  redis: '8',
  commit: 'abc1234',
  date: '2026-01-02'
}

export function measurement(changes: Partial<Measurement> = {}): Measurement {
  return {
    name: 'warm',
    figures: { our_p99_ms: 4 },
    ratio: { value: 2, min: 1.9, max: 2.2, rounds: 7, against: 'a peer' },
    ...changes
  }
}

export function record(name: string, measurements: readonly Measurement[], summary = `what ${name} does`): SuiteRecord {
  return { name, summary, machine, measurements }
}
