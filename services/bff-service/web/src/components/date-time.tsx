import { languageOfPage, localeOfPage, say } from '../texts/say.ts'

interface DateTimeProps {
  value: string
  /** How long ago or ahead, instead of the date. */
  isRelative?: boolean
}

const units = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60]
] as const

/** A moment in the language of the page, with the exact time for the pointer and for programs. */
export function DateTime({ value, isRelative = false }: DateTimeProps) {
  const moment = new Date(value)
  const exact = new Intl.DateTimeFormat(localeOfPage(), { dateStyle: 'full', timeStyle: 'long' })
  return (
    <time dateTime={value} title={exact.format(moment)}>
      {isRelative ? distance(moment) : dateAndTime(moment)}
    </time>
  )
}

/** In the language of the page. */
export function dateAndTime(moment: Date): string {
  return new Intl.DateTimeFormat(localeOfPage(), { dateStyle: 'medium', timeStyle: 'short' }).format(moment)
}

function distance(moment: Date): string {
  const seconds = (moment.getTime() - Date.now()) / 1000
  const [unit, size] = units.find(([, length]) => Math.abs(seconds) >= length) ?? (['minute', 60] as const)
  if (unit === 'day' && Math.abs(seconds) > 14 * size) return dateAndTime(moment)
  if (Math.abs(seconds) < 45) return say('common.justNow')
  const words = new Intl.RelativeTimeFormat(languageOfPage(), { numeric: 'auto' })
  return words.format(Math.round(seconds / size), unit)
}
