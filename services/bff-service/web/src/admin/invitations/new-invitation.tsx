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
import { languageOfPage, say } from '../../texts/say.ts'
import { everyonesRole } from '../roles/built-in-roles.ts'
import { isRoleName, roleNameRule } from '../roles/role-form.ts'
import { useAllRoles } from '../roles/roles-api.ts'
import { useInvite } from './invitations-api.ts'

const wishes = () => ({
  email: say('admin.invitations.emailWish'),
  username: say('admin.invitations.usernameWish'),
  roles: roleNameRule()
})

export function NewInvitationForm({ onClose }: { onClose: () => void }) {
  const invite = useInvite()
  const known = useAllRoles().data?.items.map(({ name }) => name) ?? []
  const rules = wishes()
  const form = usePageForm({
    initialValues: { email: '', username: '', roles: [] as string[], language: languageOfPage() },
    validate: {
      email: (text) => (/^\S+@\S+$/.test(text.trim()) ? null : rules.email),
      username: (text) => (text.trim() === '' || usernameError(text) === null ? null : rules.username),
      roles: (roles) => (roles.every(isRoleName) ? null : rules.roles)
    },
    wishes: rules
  })
  const submit = form.onSubmit(({ email, username, roles, language }) => {
    if (invite.isPending) return
    const suggestion = username.trim()
    const body = { email: email.trim(), roles, language, ...(suggestion && { username: suggestion }) }
    invite.mutate(body as NewInvitation, {
      onSuccess: (made) => {
        showSuccess(say('admin.invitations.sent', { email: made.email }))
        onClose()
      },
      onError: (error) => form.refuse(error, isConflict(error) ? { email: messageOf(error) } : undefined)
    })
  })
  return (
    <form noValidate onSubmit={submit}>
      <Stack>
        <TextInput
          label={say('admin.common.email')}
          type="email"
          required
          maxLength={254}
          autoComplete="off"
          data-autofocus
          key={form.key('email')}
          {...form.getInputProps('email')}
        />
        <TextInput
          label={say('admin.invitations.username')}
          description={say('admin.invitations.usernameText')}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          key={form.key('username')}
          {...form.getInputProps('username')}
        />
        <TokensInput
          label={say('admin.invitations.roles')}
          description={say('admin.users.rolesText')}
          data={known.filter((name) => name !== everyonesRole)}
          maxTags={16}
          key={form.key('roles')}
          {...form.getInputProps('roles')}
        />
        <NativeSelect
          label={say('admin.invitations.language')}
          description={say('admin.invitations.languageText')}
          data={languageCodes.map((code) => ({ value: code, label: languages[code].name }))}
          key={form.key('language')}
          {...form.getInputProps('language')}
        />
        <FormProblem form={form} />
        <DialogButtons label={say('admin.invitations.send')} isPending={invite.isPending} onClose={onClose} />
      </Stack>
    </form>
  )
}
