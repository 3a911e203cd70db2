import { TextInput, type TextInputProps } from '@mantine/core'
import { say } from '../texts/say.ts'

/** The digits of a code that a person typed or pasted, perhaps with spaces. */
export function digitsOf(text: string): string {
  return text.replaceAll(/[\s-]/g, '')
}

/** The rule for codes. */
export const codeWish = () => say('fields.codeWish')

export function codeError(text: string): string | null {
  return /^\d{8}$/.test(digitsOf(text)) ? null : codeWish()
}

/** A field for a code that came by mail. */
export function CodeField(props: TextInputProps) {
  return (
    <TextInput
      label={say('fields.code')}
      description={say('fields.codePlace')}
      autoComplete="one-time-code"
      inputMode="numeric"
      spellCheck={false}
      required
      maxLength={32}
      {...props}
    />
  )
}
