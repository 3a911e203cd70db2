import { TextInput, type TextInputProps } from '@mantine/core'
import { say } from '../texts/say.ts'
import { digitsOf } from './code-field.tsx'

export function totpError(text: string): string | null {
  return /^\d{6}$/.test(digitsOf(text)) ? null : say('totp.codeWish')
}

/** A field for the code that an authenticator app shows. */
export function TotpCodeField(props: TextInputProps) {
  return (
    <TextInput
      label={say('totp.code')}
      description={say('totp.codePlace')}
      autoComplete="one-time-code"
      inputMode="numeric"
      spellCheck={false}
      required
      maxLength={16}
      {...props}
    />
  )
}
