import { TextInput } from '@mantine/core'
import type { Ref } from 'react'
import { PasswordField, passwordRule } from '../components/password-field.tsx'
import { say } from '../texts/say.ts'

type Field = 'username' | 'password'

interface NewAccountFieldsProps {
  form: { key: (field: Field) => string; getInputProps: (field: Field) => object }
  /** Ref of the first field. */
  ref?: Ref<HTMLInputElement>
}

/** The name and the password of an account that is made. */
export function NewAccountFields({ form, ref }: NewAccountFieldsProps) {
  return (
    <>
      <TextInput
        label={say('fields.username')}
        description={say('fields.usernameRule')}
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        required
        key={form.key('username')}
        {...form.getInputProps('username')}
        ref={ref}
      />
      <PasswordField
        label={say('fields.password')}
        description={passwordRule()}
        autoComplete="new-password"
        key={form.key('password')}
        {...form.getInputProps('password')}
      />
    </>
  )
}
