interface DateTimeProps {
  value: string
  /** How long ago or ahead, instead of the date. */
  isRelative?: boolean
}

const dateAndTime = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'long' })
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' })

const units = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60]
] as const

/** A moment in the words of the person's locale, with the exact time for the pointer and for programs. */
export function DateTime({ value, isRelative = false }: DateTimeProps) {
  const moment = new Date(value)
  return (
    <time dateTime={value} title={exact.format(moment)}>
      {isRelative ? distance(moment) : dateAndTime.format(moment)}
    </time>
  )
}

function distance(moment: Date): string {
  const seconds = (moment.getTime() - Date.now()) / 1000
  const [unit, size] = units.find(([, length]) => Math.abs(seconds) >= length) ?? (['minute', 60] as const)
  if (unit === 'day' && Math.abs(seconds) > 14 * size) return dateAndTime.format(moment)
  return Math.abs(seconds) < 45 ? 'just now' : relative.format(Math.round(seconds / size), unit)
}
