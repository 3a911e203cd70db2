import type { Measurement } from './suite.ts'
import { type SuiteRecord, verdictOf } from './suite-record.ts'

/** All ratios as horizontal bars, as an SVG that is legible on light and dark. */
export function toChart(records: readonly SuiteRecord[]): string {
  const parts: string[] = []
  let y = 20
  for (const { name, measurements } of records) {
    const shown = measurements.filter(hasRatio)
    if (shown.length === 0) continue
    y += 30
    parts.push(text(margin, y, name, 'class="suite"'), scale(y))
    y += 12
    for (const measurement of shown) {
      parts.push(bar(measurement, y))
      y += rowHeight
    }
  }
  const height = y + 14
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="Ratios of Countersign to what each line names">
<style>
  text { font: 12px system-ui, sans-serif; fill: #1f2328 }
  .suite { font-weight: 600; font-size: 14px }
  .small { fill: #59636e }
  .one { stroke: #59636e; stroke-dasharray: 3 3 }
  .met { fill: #1a7f37 } .short { fill: #bc4c00 } .none { fill: #0969da }
  .range { stroke: #1f2328 } .goal { stroke: #8250df; stroke-width: 2 }
  .back { fill: #ffffff }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc } .small { fill: #9198a1 } .one { stroke: #9198a1 }
    .met { fill: #3fb950 } .short { fill: #db6d28 } .none { fill: #4493f8 }
    .range { stroke: #f0f6fc } .goal { stroke: #ab7df8 } .back { fill: #0d1117 }
  }
</style>
<rect class="back" width="${width}" height="${height}"/>
${legend()}
${parts.join('\n')}
</svg>
`
}

type WithRatio = Measurement & { ratio: NonNullable<Measurement['ratio']> }

const width = 960
const margin = 16
const labelWidth = 500
const rowHeight = 22
const barBegin = margin + labelWidth
const barWidth = width - barBegin - 70

function hasRatio(measurement: Measurement): measurement is WithRatio {
  return measurement.ratio !== undefined
}

/** Twice as much is as far from 1 as half as much. From 1/16 to 16; what is beyond ends there. */
function position(ratio: number): number {
  const limited = Math.min(16, Math.max(1 / 16, ratio))
  return barBegin + ((Math.log2(limited) + 4) / 8) * barWidth
}

function bar(measurement: WithRatio, y: number): string {
  const { name, ratio, goal } = measurement
  const kind = verdictOf(measurement) ?? 'none'
  const from = position(Math.min(1, ratio.value))
  const to = position(Math.max(1, ratio.value))
  const middle = y + 8
  const one = position(1)
  const limit = goal && goal.figure === undefined ? position(goal.atLeast ?? (goal.atMost as number)) : undefined
  return [
    text(barBegin - 8, y + 12, shorten(`${name} / ${ratio.against}`.replaceAll('`', '')), 'text-anchor="end"'),
    `<rect class="${kind}" x="${fixed(from)}" y="${y + 1}" width="${fixed(Math.max(1, to - from))}" height="14"/>`,
    line('range', position(ratio.min), middle, position(ratio.max), middle),
    line('one', one, y - 3, one, y + rowHeight - 4),
    limit === undefined ? '' : line('goal', limit, y - 1, limit, y + 17),
    text(width - margin, y + 12, String(ratio.value), 'text-anchor="end"')
  ].join('')
}

function legend(): string {
  const marks: [string, string][] = [
    ['met', 'goal met'],
    ['short', 'falls short'],
    ['none', 'no goal']
  ]
  const keys = marks.map(([kind, meaning], i) => {
    const x = margin + i * 110
    return `<rect class="${kind}" x="${x}" y="12" width="12" height="12"/>${text(x + 18, 22, meaning, 'class="small"')}`
  })
  const x = margin + marks.length * 110
  const goal = `${line('goal', x + 6, 10, x + 6, 26)}${text(x + 16, 22, 'goal', 'class="small"')}`
  const range = `${line('range', x + 70, 18, x + 90, 18)}${text(x + 98, 22, 'lowest to highest round', 'class="small"')}`
  return [...keys, goal, range].join('\n')
}

function scale(y: number): string {
  return [0.125, 0.25, 0.5, 1, 2, 4, 8]
    .map((ratio) => text(position(ratio), y, String(ratio), 'class="small" text-anchor="middle"'))
    .join('')
}

function line(kind: string, x1: number, y1: number, x2: number, y2: number): string {
  return `<line class="${kind}" x1="${fixed(x1)}" y1="${y1}" x2="${fixed(x2)}" y2="${y2}"/>`
}

function text(x: number, y: number, content: string, attributes: string): string {
  return `<text x="${fixed(x)}" y="${y}" ${attributes}>${escapeXml(content)}</text>`
}

function fixed(value: number): string {
  return value.toFixed(1)
}

function shorten(label: string): string {
  return label.length <= 76 ? label : `${label.slice(0, 75)}…`
}

function escapeXml(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
