import { Secret, type Variable } from '@countersign/service-kit'
import { passwordLength, refusalOfPassword } from '../passwords/password-policy.ts'
import { parseUsername, usernameRule } from './usernames.ts'

/** A username, by the rule for usernames. */
export function usernameVariable(name: string, options: { fallback: string }): Variable<string> {
  return {
    name,
    expects: usernameRule,
    fallback: { value: options.fallback },
    parse: (text) => parseUsername(text)?.display
  }
}

/** The first admin's password, by the rule for passwords. */
export function firstAdminPasswordVariable(name: string): Variable<Secret> {
  return {
    name,
    expects: `a password of ${passwordLength.min} to ${passwordLength.max} characters, without line breaks, that is not one of the most used ones`,
    parse: (text) => (!/[\r\n]/.test(text) && refusalOfPassword(text, '') === undefined ? new Secret(text) : undefined)
  }
}
