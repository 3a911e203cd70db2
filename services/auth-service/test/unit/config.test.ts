import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { loadConfig } from '../../src/config.ts'

const env = {
  ISSUER: 'https://auth.example.com',
  API_AUDIENCE: 'https://api.example.com',
  DATABASE_URL: 'postgres://user:password@db:5432/countersign',
  COUNTERSIGN_MASTER_KEY: randomBytes(32).toString('base64')
}
const load = (retry: string, recovery: string) =>
  loadConfig({ ...env, REFRESH_RETRY_WINDOW_SECONDS: retry, REFRESH_RECOVERY_SECONDS: recovery })

describe('the settings of refreshes', () => {
  test('are a window of a minute and a day of recovery by default', () => {
    expect(loadConfig(env)).toMatchObject({ refreshRetryWindowSeconds: 60, refreshRecoverySeconds: 86_400 })
  })

  test.each([
    ['60', '0'],
    ['60', '61'],
    ['0', '0']
  ])('may be W = %s and R = %s', (retry, recovery) => {
    expect(load(retry, recovery).refreshRecoverySeconds).toBe(Number(recovery))
  })

  test.each([
    ['0', '86400', 'REFRESH_RECOVERY_SECONDS must be 0 where REFRESH_RETRY_WINDOW_SECONDS is 0 (strict rotation).'],
    ['0', '', 'REFRESH_RECOVERY_SECONDS must be 0 where REFRESH_RETRY_WINDOW_SECONDS is 0 (strict rotation).'],
    ['60', '60', 'REFRESH_RECOVERY_SECONDS must be 0 (off) or more than REFRESH_RETRY_WINDOW_SECONDS, which is 60.'],
    ['60', '-1', 'REFRESH_RECOVERY_SECONDS must be a whole number of seconds from 0 to 31622400.']
  ])('may not be W = %s and R = %s', (retry, recovery, message) => {
    expect(() => load(retry, recovery)).toThrow(message)
  })
})

describe('the settings of mail', () => {
  const mail = {
    SMTP_URL: 'smtps://mail.example.com',
    MAIL_FROM: 'a@example.com',
    PAGES_URL: 'https://app.example.com/'
  }

  test('are off by default, and complete with three variables', () => {
    expect(loadConfig(env)).toMatchObject({ smtpUrl: undefined, productName: 'Countersign' })
    expect(loadConfig({ ...env, ...mail })).toMatchObject({
      mailFrom: 'a@example.com',
      pagesUrl: 'https://app.example.com'
    })
  })

  test.each([
    [{ MAIL_FROM: undefined }, 'SMTP_URL needs MAIL_FROM'],
    [{ PAGES_URL: undefined }, 'SMTP_URL needs MAIL_FROM'],
    [{ MAIL_FROM: 'a@example.com, b@example.com' }, 'MAIL_FROM must be an address'],
    [{ MAIL_FROM: 'Example <a@example.com>' }, 'MAIL_FROM must be an address'],
    [{ SMTP_URL: 'https://mail.example.com' }, 'SMTP_URL must be a URL such as'],
    [{ PRODUCT_NAME: 'a\r\nBcc: b@example.com' }, 'PRODUCT_NAME must be a name']
  ])('may not be %j', (change, message) => {
    expect(() => loadConfig({ ...env, ...mail, ...change })).toThrow(message)
  })
})

test('an open revocation feed needs a loopback address', () => {
  const open = { ...env, REVOCATION_FEED_ACCESS: 'open' }
  for (const HOST of ['127.0.0.1', '::1', 'localhost']) {
    expect(loadConfig({ ...open, HOST })).toMatchObject({ revocationFeedAccess: 'open' })
  }
  for (const HOST of [undefined, '0.0.0.0', '::', '192.168.1.2', 'example.com']) {
    expect(() => loadConfig({ ...open, HOST })).toThrow('REVOCATION_FEED_ACCESS may be open only where HOST')
  }
})

describe('the settings of passkeys', () => {
  const pages = { PAGES_URL: 'https://app.example.com/pages' }

  test('name a domain above the pages, and more origins', () => {
    const passkeys = {
      WEBAUTHN_RP_ID: 'example.com',
      WEBAUTHN_ORIGINS: 'https://www.example.com, android:apk-key-hash:aGFzaA'
    }
    expect(loadConfig({ ...env, ...pages, ...passkeys })).toMatchObject({
      webauthnRpId: 'example.com',
      webauthnOrigins: ['https://www.example.com', 'android:apk-key-hash:aGFzaA']
    })
  })

  test.each([
    [{ WEBAUTHN_RP_ID: 'https://example.com' }, 'WEBAUTHN_RP_ID must be a domain'],
    [{ WEBAUTHN_RP_ID: '192.0.2.1' }, 'WEBAUTHN_RP_ID must be a domain'],
    [{ WEBAUTHN_RP_ID: 'example.org' }, 'WEBAUTHN_RP_ID must be the host of PAGES_URL'],
    [{ WEBAUTHN_RP_ID: 'ample.com' }, 'WEBAUTHN_RP_ID must be the host of PAGES_URL'],
    [{ WEBAUTHN_ORIGINS: 'http://app.example.com' }, 'WEBAUTHN_ORIGINS must be origins'],
    [{ WEBAUTHN_ORIGINS: 'https://app.example.com/path' }, 'WEBAUTHN_ORIGINS must be origins'],
    [{ WEBAUTHN_ORIGINS: 'https://a.example *' }, 'WEBAUTHN_ORIGINS must be origins']
  ])('may not be %j', (change, message) => {
    expect(() => loadConfig({ ...env, ...pages, ...change })).toThrow(message)
  })
})
