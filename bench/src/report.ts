import type { Goal, Measurement, Profile, Ratio, Setting } from './suite.ts'
import { type SuiteRecord, verdictOf } from './suite-record.ts'

/** All suites as one Markdown page. */
export function toMarkdown(records: readonly SuiteRecord[]): string {
  return [
    '# Results',
    '',
    'Made by `npm run bench`. [README.md](README.md) tells what each suite does, and why the comparison is fair. A ratio is ours',
    'divided by theirs within one round, all contestants in turn; the median of the rounds, with the lowest and the highest.',
    'A line in italics (A/A) compares two that are the same: as far as its ratio is from 1, and its range wide, others may be by chance.',
    '',
    summaryOf(records),
    '',
    ...records.map(suiteToMarkdown)
  ].join('\n')
}

function summaryOf(records: readonly SuiteRecord[]): string {
  const compared = records.flatMap(({ name: suite, measurements }) =>
    measurements.map((measurement) => ({ suite, measurement, verdict: verdictOf(measurement) }))
  )
  const met = compared.filter(({ verdict }) => verdict === 'met').length
  const short = compared.filter(({ verdict }) => verdict === 'short')
  const lines = [`**${met} of ${met + short.length} goals are met.**`]
  if (short.length > 0) lines.push('', 'These fall short:', '')
  for (const { suite, measurement } of short) {
    lines.push(`* ${suite}, ${measurement.name}: ${describeValue(measurement)}; goal ${describeGoal(measurement.goal)}`)
  }
  return lines.join('\n')
}

/** One suite as a section. */
export function suiteToMarkdown(record: SuiteRecord): string {
  const { name, summary, machine, measurements, settings = [], profiles = [] } = record
  const about = Object.entries(machine).map(([fact, value]) => `${fact.replaceAll('_', ' ')}: ${value}`)
  const notes = measurements.filter(({ note }) => note !== undefined)
  return [
    `## ${name}`,
    '',
    `${summary}.`,
    '',
    '| what | ratio | against | goal | figures |',
    '|---|---|---|---|---|',
    ...measurements.map(toRow),
    '',
    ...notes.flatMap(({ name: subject, note }) => [`* ${subject}: ${note}`]),
    ...(notes.length > 0 ? [''] : []),
    ...settingsToMarkdown(settings),
    ...profiles.flatMap(profileToMarkdown),
    `Measured on: ${about.join('; ')}.`,
    ''
  ].join('\n')
}

function toRow(measurement: Measurement): string {
  const { name, figures, ratio, goal, isNoise } = measurement
  const verdict = verdictOf(measurement)
  const shown = Object.entries(figures).map(([figure, value]) => `${figure.replaceAll('_', ' ')} **${value}**`)
  const cells = [
    isNoise ? `*A/A: ${name}*` : name,
    ratio ? describeRatio(ratio) : '',
    ratio?.against ?? '',
    verdict === undefined ? '' : `${describeGoal(goal)}: ${verdict === 'met' ? 'met' : '**short**'}`,
    shown.join(', ')
  ]
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

function describeRatio({ value, min, max, rounds }: Ratio): string {
  return rounds === 1 ? `**${value}**` : `**${value}** (${min} to ${max}, ${rounds} rounds)`
}

function describeValue({ figures, ratio, goal }: Measurement): string {
  if (goal?.figure !== undefined) return `${figures[goal.figure]}`
  return ratio ? `${ratio.value} of ${ratio.against}` : ''
}

function describeGoal(goal: Goal | undefined): string {
  if (!goal) return ''
  const of = goal.figure === undefined ? '' : `${goal.figure.replaceAll('_', ' ')} `
  return goal.atLeast === undefined ? `${of}at most ${goal.atMost}` : `${of}at least ${goal.atLeast}`
}

function settingsToMarkdown(settings: readonly Setting[]): string[] {
  if (settings.length === 0) return []
  return [
    '### Settings',
    '',
    ...settings.map(({ contestant, versions, options, checks }) => {
      const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
      const parts = [packages.join(', '), options, checks && `Checks ${checks}.`]
      return `* **${contestant}**: ${parts.filter(Boolean).join('. ').replaceAll('..', '.')}`
    }),
    ''
  ]
}

function profileToMarkdown({ name, functions }: Profile): string[] {
  return [
    `### Profile: ${name}`,
    '',
    '| share of the busy time | where |',
    '|---|---|',
    ...functions.map(({ where, share }) => `| ${(share * 100).toFixed(1)} % | ${where.replaceAll('|', '\\|')} |`),
    ''
  ]
}
