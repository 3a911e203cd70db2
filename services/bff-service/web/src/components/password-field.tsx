import { PasswordInput, type PasswordInputProps } from '@mantine/core'
import { useState } from 'react'

/** What a password may be; the service knows besides which ones are guessed first. */
export const passwordRule = '8 to 256 characters. Long is better than complicated.'

export function newPasswordError(password: string): string | null {
  const { length } = [...password]
  if (length >= 8 && length <= 256) return null
  return length < 8 ? 'Use at least 8 characters.' : 'Use at most 256 characters.'
}

/** A field for a password, which shows it to whoever wants to see what was typed. */
export function PasswordField({ label, ...props }: PasswordInputProps & { label: string }) {
  const [isVisible, setIsVisible] = useState(false)
  return (
    <PasswordInput
      {...props}
      label={label}
      aria-invalid={props.error ? true : undefined}
      required
      visible={isVisible}
      onVisibilityChange={setIsVisible}
      visibilityToggleFocusable
      visibilityToggleButtonProps={{ 'aria-label': `${isVisible ? 'Hide' : 'Show'} ${label.toLowerCase()}` }}
    />
  )
}
