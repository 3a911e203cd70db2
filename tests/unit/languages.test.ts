import { expect, test } from 'vitest'
import { languages } from '../../services/auth-service/src/mail/mail.ts'
import { languageCodes } from '../../services/bff-service/web/src/texts/languages.ts'

test('mail and pages have the same languages, so that a user can set each of them', () => {
  expect([...languages].sort()).toEqual([...languageCodes].sort())
})
