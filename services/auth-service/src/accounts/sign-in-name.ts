import { emailKeyOf, parseEmail } from './email-addresses.ts'
import { parseUsername } from './usernames.ts'

/** What a person signs in with. A text with `@` may be both; neither is there when it can be no name and no address. */
export interface SignInName {
  readonly usernameKey: string | undefined
  /** Key of a verified address. */
  readonly emailKey: string | undefined
}

export function readSignInName(text: string): SignInName {
  const email = text.includes('@') ? parseEmail(text) : undefined
  return { usernameKey: parseUsername(text)?.key, emailKey: email && emailKeyOf(email) }
}
