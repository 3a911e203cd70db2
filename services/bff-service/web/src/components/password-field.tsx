import { PasswordInput, type PasswordInputProps } from '@mantine/core'
import { useState } from 'react'
import { say } from '../texts/say.ts'

/** The rule for passwords; the service also knows which ones are guessed first. */
export const passwordRule = () => say('fields.passwordRule')

/** Shown when the service rejects a new password of the right length. */
export const newPasswordWish = () => say('fields.passwordGuessed')

export function newPasswordError(password: string, username: string): string | null {
  const { length } = [...password]
  if (length < 8) return say('fields.passwordShort')
  if (length > 256) return say('fields.passwordLong')
  return password.toLowerCase() === username.trim().toLowerCase() ? say('fields.passwordIsName') : null
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
      visibilityToggleButtonProps={{
        'aria-label': say(isVisible ? 'fields.hidePassword' : 'fields.showPassword', { field: label })
      }}
    />
  )
}
