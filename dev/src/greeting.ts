import { randomBytes } from 'node:crypto'
import type { FirstAdmin } from '@countersign/auth-service'
import type { ServiceName } from './configuration.ts'

export interface GreetingFacts {
  /** How long the start took. */
  readonly seconds: number
  readonly urls: Readonly<Record<ServiceName, string>>
  readonly dataDir: string
  /** Where the pages are at the bff-service: `/`, or a path beside an app. */
  readonly pagesPath: string
  readonly isRegistrationOpen: boolean
  /** Whether mail is shown at a page instead of sent. */
  readonly showsMail: boolean
  /** Set when this start made the first account. */
  readonly firstAdmin: FirstAdmin | undefined
}

/** The output when all services respond: addresses, the first account, and lines to paste. */
export function greeting(facts: GreetingFacts): string {
  const { seconds, urls, dataDir, firstAdmin, pagesPath, showsMail } = facts
  const hasApp = pagesPath !== '/'
  const toPaste = linesToPaste(facts)
  return [
    `Countersign is ready in ${seconds.toFixed(1)} s: ${urls['bff-service']}`,
    '',
    ...(hasApp ? [`  Your app                 ${urls['bff-service']}`] : []),
    `  Pages for the browser    ${urls['bff-service']}${hasApp ? pagesPath : ''}`,
    `  Token issuer             ${urls['auth-service']}`,
    `  Protected API            ${urls['resource-service']}`,
    ...(showsMail ? [`  Mail that is not sent    ${urls['auth-service']}/dev/mail`] : []),
    `  Data                     ${dataDir}`,
    '',
    ...(firstAdmin ? [describeFirstAdmin(firstAdmin), ''] : []),
    ...(toPaste.length === 0
      ? []
      : ['Sign in, call the API and revoke the token; then call again, and the API rejects it:', '', ...toPaste, '']),
    'Ctrl-C stops it.'
  ].join('\n')
}

/** Describes the account that a start has made, with its password if that was generated. */
export function describeFirstAdmin({ username, generatedPassword }: FirstAdmin): string {
  if (generatedPassword === undefined) {
    return `The first account is "${username}", an administrator, with the password from COUNTERSIGN_ADMIN_PASSWORD.`
  }
  return [
    'The first account, an administrator. Its password is shown only once:',
    '',
    `  username   ${username}`,
    `  password   ${generatedPassword}`
  ].join('\n')
}

/** A password from the operator must not be printed, so a new user signs up first. */
function linesToPaste({ urls, isRegistrationOpen, firstAdmin }: GreetingFacts): string[] {
  if (firstAdmin?.generatedPassword !== undefined) {
    return useToken(urls, { username: firstAdmin.username, password: firstAdmin.generatedPassword })
  }
  if (!isRegistrationOpen) return []
  const visitor = {
    username: `visitor-${randomBytes(3).toString('hex')}`,
    password: randomBytes(12).toString('base64url')
  }
  return [`  curl -s -w '\\n' ${urls['auth-service']}/auth/register ${asJson(visitor)}`, ...useToken(urls, visitor)]
}

function useToken(urls: GreetingFacts['urls'], account: { username: string; password: string }): string[] {
  const authorization = '-H "authorization: Bearer $TOKEN"'
  return [
    `  TOKEN=$(curl -s ${urls['auth-service']}/auth/login ${asJson(account)} | node -pe 'JSON.parse(require("fs").readFileSync(0)).access_token')`,
    `  curl -si -w '\\n' ${urls['resource-service']}/me ${authorization}`,
    `  curl -si -X POST ${urls['auth-service']}/auth/logout ${authorization}`
  ]
}

function asJson(value: object): string {
  return `-H 'content-type: application/json' -d '${JSON.stringify(value)}'`
}
