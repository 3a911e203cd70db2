import { PasswordInput, type PasswordInputProps } from '@mantine/core'
import { useState } from 'react'

/** The rule for passwords; the service also knows which ones are guessed first. */
export const passwordRule = '8 to 256 characters. Long is better than complicated.'

/** Shown when the service rejects a new password of the right length. */
export const newPasswordWish = 'This password is one of the most used ones, which are tried first. Choose another.'

export function newPasswordError(password: string, username: string): string | null {
  const { length } = [...password]
  if (length < 8) return 'Use at least 8 characters.'
  if (length > 256) return 'Use at most 256 characters.'
  return password.toLowerCase() === username.trim().toLowerCase() ? 'Choose a password that is not the username.' : null
}

/** A field for a password, which can show what was typed. */
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
