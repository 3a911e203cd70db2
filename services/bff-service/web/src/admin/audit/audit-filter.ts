const names = ['type', 'username', 'user_id', 'session_id', 'client_id', 'since', 'until'] as const

/** The filter of the log. It is in the address of the page, so that it can be linked. */
export type AuditFilter = Partial<Record<(typeof names)[number], string>>

export function filterOf(params: URLSearchParams): AuditFilter {
  return Object.fromEntries(names.flatMap((name) => (params.get(name) ? [[name, params.get(name)]] : [])))
}

export function searchOf(filter: AuditFilter): Record<string, string> {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value)) as Record<string, string>
}

/** A moment as a `datetime-local` field has it, in the time zone of the browser. */
export function localOf(iso: string | undefined): string {
  const moment = new Date(iso ?? Number.NaN)
  if (Number.isNaN(moment.getTime())) return ''
  return new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}

export function isoOf(local: string): string | undefined {
  const moment = new Date(local || Number.NaN)
  return Number.isNaN(moment.getTime()) ? undefined : moment.toISOString()
}
