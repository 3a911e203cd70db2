import { readFile } from 'node:fs/promises'
import { ConfigurationError, type Environment } from './variables.ts'

/**
 * Reads `NAME_FILE` into `NAME` for each given name, so that secrets can be mounted files. A line break at the end of a secret
 * is removed, in variables and files.
 * @throws {ConfigurationError} when both are given, or a file cannot be read, is empty, or is not UTF-8
 */
export async function withSecretFiles(env: Environment, names: readonly string[]): Promise<Environment> {
  const result: Record<string, string | undefined> = { ...env }
  const problems: string[] = []
  for (const name of names) {
    const file = env[`${name}_FILE`]
    const given = env[name]
    if (given) {
      result[name] = given.replace(/[\r\n]+$/, '')
      if (result[name] === '') problems.push(`${name} holds nothing but a line end.`)
    }
    if (!file) continue
    if (given) problems.push(`${name} and ${name}_FILE are both given: keep one.`)
    try {
      const text = decode(await readFile(file))
      if (text === undefined) problems.push(`${name}_FILE names a file that is not UTF-8 text; UTF-16 is not read.`)
      else if (text === '') problems.push(`${name}_FILE names a file that holds nothing.`)
      else result[name] = text
    } catch (error) {
      problems.push(`${name}_FILE names a file that cannot be read (${(error as NodeJS.ErrnoException).code}).`)
    }
  }
  if (problems.length > 0) throw new ConfigurationError(problems)
  return result
}

/** @returns `undefined` if it is not UTF-8. UTF-16 without a byte order mark is recognized by its zero bytes. */
function decode(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return text.includes('\0') ? undefined : text.trim()
  } catch {
    return undefined
  }
}
