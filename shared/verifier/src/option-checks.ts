/** Checks for options at construction: a mistake is a `TypeError` that names the option and what it expects. */

export function checkText(name: string, value: unknown): string {
  if (typeof value !== 'string' || value === '') throw new TypeError(`${name} must be a non-empty string`)
  return value
}

export function checkNumber(name: string, value: unknown, min: number, max: number): number {
  if (typeof value !== 'number' || !(value >= min && value <= max)) {
    throw new TypeError(`${name} must be a number from ${min} to ${max}`)
  }
  return value
}

/** An absolute http or https URL without a fragment. */
export function checkHttpUrl(name: string, value: unknown): URL {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined
  if (!url || !/^https?:$/.test(url.protocol) || url.hash !== '' || url.username !== '' || url.password !== '') {
    throw new TypeError(`${name} must be an absolute http(s) URL without fragment and credentials`)
  }
  return url
}

/** One scope (RFC 6749 §3.3). */
export function checkScope(name: string, value: unknown): string {
  if (typeof value !== 'string' || !/^[\x21\x23-\x5B\x5D-\x7E]+$/.test(value)) {
    throw new TypeError(`${name} must be scopes, without spaces and quotes`)
  }
  return value
}

export function checkOneOf<T extends string>(name: string, value: unknown, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === value)
  if (found === undefined) throw new TypeError(`${name} must be one of ${allowed.map((one) => `'${one}'`).join(', ')}`)
  return found
}

export function checkMethods(name: string, value: unknown, methods: readonly string[]): void {
  const candidate = value as Readonly<Record<string, unknown>> | null | undefined
  const lacks = methods.find((method) => typeof candidate?.[method] !== 'function')
  if (lacks !== undefined) throw new TypeError(`${name} must have a method ${lacks}()`)
}
