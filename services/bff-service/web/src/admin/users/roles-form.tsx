import { Button, Group } from '@mantine/core'
import type { User } from '../../api/types.ts'
import { showSuccess } from '../../components/show-message.ts'
import { TokensInput } from '../../components/tokens-input.tsx'
import { FormProblem } from '../../forms/form-problem.tsx'
import { usePageForm } from '../../forms/page-form.ts'
import { Section } from '../../layout/section.tsx'
import { useChangeUser } from './users-api.ts'

const rolePattern = /^[a-z][a-z0-9_-]{0,31}$/
const roleRule = 'A role is 1 to 32 of a-z, 0-9, _ and -, a letter first.'

function rolesError(roles: readonly string[]): string | null {
  const wrong = roles.find((role) => !rolePattern.test(role))
  return wrong === undefined ? null : `“${wrong}” cannot be used. ${roleRule}`
}

export function RolesForm({ user }: { user: User }) {
  const change = useChangeUser(user.id)
  const form = usePageForm({
    initialValues: { roles: user.roles },
    validate: { roles: rolesError },
    wishes: { roles: roleRule }
  })
  const submit = form.onSubmit(({ roles }) => {
    if (change.isPending) return
    if ([...roles].sort().join() === [...user.roles].sort().join()) return showSuccess('Nothing was changed.')
    change.mutate(
      { roles },
      {
        onSuccess: () => showSuccess(`The roles of ${user.username} are saved.`),
        onError: (error) => form.refuse(error)
      }
    )
  })
  return (
    <Section
      title="Roles"
      lead="Taking a role away ends all sessions of the user. A new role is in the next access token."
    >
      <form noValidate onSubmit={submit}>
        <Group align="flex-end">
          <TokensInput
            label="Roles"
            description="Enter or a comma adds one."
            flex="1 1 16rem"
            maxTags={16}
            key={form.key('roles')}
            {...form.getInputProps('roles')}
          />
          <Button type="submit" loading={change.isPending}>
            Save roles
          </Button>
        </Group>
      </form>
      <FormProblem form={form} />
    </Section>
  )
}
