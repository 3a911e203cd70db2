import { readFile } from 'node:fs/promises'
import { ConfigurationError, type Environment } from './variables.ts'

/**
 * Reads `NAME_FILE` into `NAME` for each given name, so that secrets can come as mounted files.
 * @throws {ConfigurationError} when both are given, or a file cannot be read
 */
export async function withSecretFiles(env: Environment, names: readonly string[]): Promise<Environment> {
  const result: Record<string, string | undefined> = { ...env }
  const problems: string[] = []
  for (const name of names) {
    const file = env[`${name}_FILE`]
    if (!file) continue
    if (env[name]) problems.push(`${name} and ${name}_FILE are both given: keep one.`)
    try {
      result[name] = (await readFile(file, 'utf8')).trim()
    } catch (error) {
      problems.push(`${name}_FILE names a file that cannot be read (${(error as NodeJS.ErrnoException).code}).`)
    }
  }
  if (problems.length > 0) throw new ConfigurationError(problems)
  return result
}
