import { NativeSelect, Stack, TextInput } from '@mantine/core'
import { isConflict, messageOf } from '../../api/api-error.ts'
import type { NewInvitation } from '../../api/types.ts'
import { showSuccess } from '../../components/show-message.ts'
import { TokensInput } from '../../components/tokens-input.tsx'
import { usernameError } from '../../components/username-rule.ts'
import { DialogButtons } from '../../forms/dialog-buttons.tsx'
import { FormProblem } from '../../forms/form-problem.tsx'
import { usePageForm } from '../../forms/page-form.ts'
import { languageCodes, languages } from '../../texts/languages.ts'
import { languageOfPage } from '../../texts/say.ts'
import { everyonesRole } from '../roles/built-in-roles.ts'
import { isRoleName, roleNameRule } from '../roles/role-form.ts'
import { useAllRoles } from '../roles/roles-api.ts'
import { useInvite } from './invitations-api.ts'

const wishes = {
  email: 'Enter an address that mail can be sent to, like a@b.example.',
  username: 'Use 1 to 64 letters, digits or the signs . _ - @ +, or leave this empty.',
  roles: roleNameRule
}

export function NewInvitationForm({ onClose }: { onClose: () => void }) {
  const invite = useInvite()
  const known = useAllRoles().data?.items.map(({ name }) => name) ?? []
  const form = usePageForm({
    initialValues: { email: '', username: '', roles: [] as string[], language: languageOfPage() },
    validate: {
      email: (text) => (/^\S+@\S+$/.test(text.trim()) ? null : wishes.email),
      username: (text) => (text.trim() === '' || usernameError(text) === null ? null : wishes.username),
      roles: (roles) => (roles.every(isRoleName) ? null : wishes.roles)
    },
    wishes
  })
  const submit = form.onSubmit(({ email, username, roles, language }) => {
    if (invite.isPending) return
    const suggestion = username.trim()
    const body = { email: email.trim(), roles, language, ...(suggestion && { username: suggestion }) }
    invite.mutate(body as NewInvitation, {
      onSuccess: (made) => {
        showSuccess(`A mail is on its way to ${made.email}.`)
        onClose()
      },
      onError: (error) => form.refuse(error, isConflict(error) ? { email: messageOf(error) } : undefined)
    })
  })
  return (
    <form noValidate onSubmit={submit}>
      <Stack>
        <TextInput
          label="E-mail"
          type="email"
          required
          maxLength={254}
          autoComplete="off"
          data-autofocus
          key={form.key('email')}
          {...form.getInputProps('email')}
        />
        <TextInput
          label="Username (optional)"
          description="A suggestion, which the invited may change."
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          key={form.key('username')}
          {...form.getInputProps('username')}
        />
        <TokensInput
          label="Roles (optional)"
          description="Choose from the list. Another name makes a role that holds nothing yet."
          data={known.filter((name) => name !== everyonesRole)}
          maxTags={16}
          key={form.key('roles')}
          {...form.getInputProps('roles')}
        />
        <NativeSelect
          label="Language"
          description="Of the mail, and of the user."
          data={languageCodes.map((code) => ({ value: code, label: languages[code].name }))}
          key={form.key('language')}
          {...form.getInputProps('language')}
        />
        <FormProblem form={form} />
        <DialogButtons label="Send the invitation" isPending={invite.isPending} onClose={onClose} />
      </Stack>
    </form>
  )
}
