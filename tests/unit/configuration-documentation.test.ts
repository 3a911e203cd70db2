import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { secretVariables as authSecrets, variables as authVariables } from '../../services/auth-service/src/config.ts'
import { secretVariables as bffSecrets, variables as bffVariables } from '../../services/bff-service/src/config.ts'
import {
  secretVariables as resourceSecrets,
  variables as resourceVariables
} from '../../services/resource-service/src/config.ts'

interface Variable {
  name: string
  fallback?: { value: unknown }
}

const page = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8')

/** The rows of the table behind a marker: name, whether it may come as a file, and default. */
function tableOf(service: string): { name: string; mayBeFile: boolean; fallback: string }[] {
  const section = page.split(`<!-- configuration: ${service} -->`)[1]?.split('\n\n')[0] ?? ''
  return [...section.matchAll(/^\| `(\w+)`( \*)? \| (.*?) \|/gm)].map(([, name, star, fallback]) => ({
    name: name as string,
    mayBeFile: star !== undefined,
    fallback: (fallback as string).replaceAll('`', '')
  }))
}

/** Defaults that no literal can show. */
const described: Record<string, string> = {
  PASSWORD_HASH_CONCURRENCY: 'the number of cores',
  COUNTERSIGN_ADMIN_PASSWORD: 'none',
  SERVICE_CLIENT_KEY: 'none',
  PUBLIC_URL: 'API_AUDIENCE',
  AUTH_URL: 'ISSUER',
  FORWARDER_KEY: 'none',
  MANAGEMENT_HOST: 'HOST',
  PROXY_REQUEST_HEADERS: 'none',
  PROXY_RESPONSE_HEADERS: 'none',
  JWKS_URL: 'ISSUER + /.well-known/jwks.json',
  REDIS_URL: 'required'
}

describe('the tables of docs/configuration.md', () => {
  test.each<[string, Record<string, Variable>, string[]]>([
    ['auth-service', authVariables, authSecrets],
    ['resource-service', resourceVariables, resourceSecrets],
    ['bff-service', bffVariables, bffSecrets]
  ])('name every variable of the %s with its default', (service, variables, secrets) => {
    const expected = Object.values(variables).map(({ name, fallback }) => ({
      name,
      mayBeFile: secrets.includes(name),
      fallback: fallback === undefined ? 'required' : (described[name] ?? String(fallback.value))
    }))
    const byName = (a: { name: string }, b: { name: string }) => a.name.localeCompare(b.name)
    expect(tableOf(service).sort(byName)).toEqual(expected.sort(byName))
  })
})
