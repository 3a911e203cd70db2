import { readFileSync } from 'node:fs'
import { configurationTable, type Variables } from '@countersign/service-kit'
import { describe, expect, test } from 'vitest'
import { variables as ofAuthService } from '../../services/auth-service/src/config.ts'
import { variables as ofBffService } from '../../services/bff-service/src/config.ts'
import { variables as ofResourceService } from '../../services/resource-service/src/config.ts'

const page = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8')

describe('the tables of docs/configuration.md', () => {
  test.each<[string, Variables]>([
    ['auth-service', ofAuthService],
    ['resource-service', ofResourceService],
    ['bff-service', ofBffService]
  ])('name every variable of the %s with its default; `npm run docs` writes them', (service, variables) => {
    const table = page.split(`<!-- configuration: ${service} -->\n`)[1]?.split('\n<!-- end of configuration -->')[0]
    expect(table).toBe(configurationTable(service, variables))
  })
})
