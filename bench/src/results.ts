import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { toMarkdown } from './report.ts'
import { type SuiteRecord, verdictOf } from './suite-record.ts'

const folder = new URL('../', import.meta.url)

/** The content of `bench/results.json`; empty if the file does not exist. */
export function readRecords(): SuiteRecord[] {
  const file = new URL('results.json', folder)
  if (!existsSync(file)) return []
  const { suites } = JSON.parse(readFileSync(file, 'utf8')) as { suites: SuiteRecord[] }
  return suites
}

/** Writes `bench/results.json` and `bench/results.md`. */
export function writeRecords(records: readonly SuiteRecord[]): void {
  const suites = records.map((record) => ({
    ...record,
    measurements: record.measurements.map((measurement) => ({ ...measurement, verdict: verdictOf(measurement) }))
  }))
  writeFileSync(new URL('results.json', folder), `${JSON.stringify({ suites }, undefined, 2)}\n`)
  writeFileSync(new URL('results.md', folder), toMarkdown(records))
}
