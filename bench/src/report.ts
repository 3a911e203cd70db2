import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Measurement, Suite } from './suite.ts'

export interface SuiteResult {
  readonly suite: Suite
  readonly measurements: readonly Measurement[]
}

/** The machine and the versions, since a figure without them says nothing. */
function describeMachine(versions: Record<string, string>) {
  return {
    processor: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memory_gib: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      cwd: fileURLToPath(new URL('../', import.meta.url))
    })
      .toString()
      .trim(),
    date: new Date().toISOString().slice(0, 10),
    ...versions
  }
}

/** One suite as a Markdown table. */
export function toMarkdown({ suite, measurements }: SuiteResult): string {
  const lines = measurements.map(({ name, figures, goal }) => {
    const shown = Object.entries(figures).map(([figure, value]) => `${figure.replaceAll('_', ' ')} **${value}**`)
    return `| ${name} | ${shown.join(', ')} | ${goal ?? ''} |`
  })
  return [
    `## ${suite.name}`,
    '',
    `${suite.summary}.`,
    '',
    '| what | figures | goal |',
    '|---|---|---|',
    ...lines,
    ''
  ].join('\n')
}

/** Writes `bench/results.json` and `bench/results.md`. */
export function writeResults(results: readonly SuiteResult[], versions: Record<string, string>): void {
  const folder = new URL('../', import.meta.url)
  mkdirSync(folder, { recursive: true })
  const machine = describeMachine(versions)
  const data = {
    machine,
    suites: results.map(({ suite, measurements }) => ({ name: suite.name, summary: suite.summary, measurements }))
  }
  writeFileSync(new URL('results.json', folder), `${JSON.stringify(data, undefined, 2)}\n`)
  const about = Object.entries(machine).map(([name, value]) => `${name.replaceAll('_', ' ')}: ${value}`)
  const page = [
    '# Results',
    '',
    `Made by \`npm run bench\`. ${about.join(', ')}.`,
    '',
    ...results.map(toMarkdown)
  ].join('\n')
  writeFileSync(new URL('results.md', folder), page)
}
