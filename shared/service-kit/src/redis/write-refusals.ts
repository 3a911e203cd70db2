const patterns = {
  memory_full: /^OOM\b/,
  snapshots_failing: /^MISCONF\b/,
  too_few_replicas: /^NOREPLICAS\b/,
  read_only: /^READONLY\b|is a replica/
}

/** A state in which Redis responds and rejects writes. */
export type WriteRefusal = keyof typeof patterns

export const writeRefusals = Object.keys(patterns) as readonly WriteRefusal[]

/** @returns the state of Redis that an error reports, or `undefined` for any other error */
export function writeRefusalOf(error: unknown): WriteRefusal | undefined {
  const message = error instanceof Error ? error.message : ''
  return writeRefusals.find((state) => patterns[state].test(message))
}
