import { describe, expect, test } from 'vitest'
import { createMasterKey } from '../../../src/keys/master-keys.ts'
import { chooseLanguage, languages, mailTemplates } from '../../../src/mail/mail.ts'
import { createMailSealing } from '../../../src/mail/mail-sealing.ts'
import { createMailRenderer } from '../../../src/mail/render-mail.ts'
import { parseSmtpUrl } from '../../../src/mail/smtp-url.ts'

describe('the language of a mail', () => {
  test.each([
    [undefined, 'en'],
    ['', 'en'],
    ['de', 'de'],
    ['DE-at', 'de'],
    ['fr', 'en'],
    ['en;q=0.5, de;q=0.8', 'de'],
    ['de;q=0, en', 'en'],
    ['de;q=nonsense, en;q=0.1', 'en'],
    ['*', 'en'],
    [', ;q=1,de', 'de']
  ])('for Accept-Language %j is %s', (header, language) => {
    expect(chooseLanguage(header)).toBe(language)
  })
})

describe('a rendered mail', () => {
  const withoutLink = [
    'account_deleted',
    'email_changed_again',
    'factor_enrolment',
    'identity_unlinked_by_admin',
    'second_factors_reset'
  ]
  const secret = { link: 'the-secret', code: '01234567' }
  const content = { messageId: '<1@example.com>', recipient: 'a@example.com', username: 'alice', secret }
  const settings = { from: 'no-reply@example.com', productName: 'Example', pagesUrl: 'https://pages.test' }
  const render = createMailRenderer(settings)

  test.each(mailTemplates.flatMap((template) => languages.map((language) => [template, language] as const)))(
    '%s in %s has its subject, its link if there is one, and its code in both forms',
    (template, language) => {
      const until = new Date('2027-03-04T15:06:07Z')
      const { subject, text, html } = render({ ...content, until, template, language })
      expect(subject).toMatch(/^Example: \S/)
      for (const form of [text, html]) {
        expect(form).toContain('alice')
        expect(form).toContain(secret.code)
        if (withoutLink.includes(template)) expect(form).not.toContain('https://')
        else expect(form).toMatch(/https:\/\/pages\.test\/[a-z/-]+#the-secret\b/)
        if (template === 'deletion_requested') expect(form).toMatch(/4\. März 2027 um 15:06|4 March 2027 at 15:06/)
        expect(form).not.toMatch(/\{\{|\$t\(|undefined/)
      }
      expect(html).toContain(`<html lang="${language}">`)
    }
  )

  test('escapes what users and operators write, and expands nothing in it', () => {
    const username = '<b>&"{{product}}$t(code)'
    const hostile = createMailRenderer({ ...settings, productName: '<script>' })
    const { html, text } = hostile({
      ...content,
      username,
      template: 'password_changed',
      language: 'en',
      secret: undefined
    })
    expect(html).toContain('&lt;b&gt;&amp;&quot;{{product}}$t(code)')
    expect(html).not.toContain('<script>')
    expect(text).toContain(username)
  })
})

describe('the secret of a mail that waits', () => {
  const secret = { link: 'the-secret', code: '01234567' }
  const [older, newer] = [createMasterKey(new Uint8Array(32).fill(1)), createMasterKey(new Uint8Array(32).fill(2))]

  test('is opened for its mail alone, also after a change of the master key', () => {
    const sealed = createMailSealing([older]).seal('one', secret)
    const sealing = createMailSealing([newer, older])
    expect(sealing.open('one', sealed)).toEqual(secret)
    expect(sealing.open('two', sealed)).toBeUndefined()
    expect(createMailSealing([newer]).open('one', sealed)).toBeUndefined()
    expect(Buffer.from(sealed).toString('latin1')).not.toContain(secret.code)
  })

  test.each([0, 11, 12, 27, 28, 40])('is not opened when byte %i was changed', (at) => {
    const sealed = createMailSealing([older]).seal('one', secret)
    sealed[at] = (sealed[at] as number) ^ 1
    expect(createMailSealing([older]).open('one', sealed)).toBeUndefined()
  })

  test.each([0, 12, 27, 28])('is not opened when it has %i bytes', (length) => {
    const sealed = createMailSealing([older]).seal('one', secret).subarray(0, length)
    expect(createMailSealing([older]).open('one', sealed)).toBeUndefined()
  })
})

describe('SMTP_URL', () => {
  const credentials = { user: 'me@example.com', pass: 'a/b' }
  test.each([
    ['smtp://mail.example.com', { port: 587, tls: 'starttls', credentials: undefined }],
    ['smtp://mail.example.com:2525/', { port: 2525, tls: 'starttls' }],
    ['smtps://mail.example.com', { port: 465, tls: 'implicit' }],
    ['smtps://mail.example.com?tls=required', { port: 465, tls: 'implicit' }],
    ['smtp://mail.example.com?tls=never', { tls: 'none' }],
    ['smtp://localhost:25', { tls: 'none' }],
    ['smtp://127.0.0.1:25', { tls: 'none' }],
    ['smtp://[::1]:25', { host: '::1', tls: 'none' }],
    ['smtp://localhost?tls=required', { tls: 'starttls' }],
    ['smtp://localhost.example.com', { tls: 'starttls' }],
    ['smtps://me%40example.com:a%2Fb@mail.example.com', { credentials }]
  ])('%s', (url, expected) => {
    expect(parseSmtpUrl(url)).toMatchObject(expected)
  })

  test.each([
    'mail.example.com',
    'http://mail.example.com',
    'smtp://',
    'smtp://mail.example.com/path',
    'smtp://mail.example.com#x',
    'smtp://mail.example.com?tls=maybe',
    'smtp://mail.example.com?rejectUnauthorized=false',
    'smtps://mail.example.com?tls=never',
    'smtp://:password@mail.example.com',
    'smtp://user:%zz@mail.example.com'
  ])('refuses %s', (url) => {
    expect(parseSmtpUrl(url)).toBeUndefined()
  })
})
