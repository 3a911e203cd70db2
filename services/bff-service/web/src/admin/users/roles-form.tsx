import { Button, Group } from '@mantine/core'
import type { User } from '../../api/types.ts'
import { showSuccess } from '../../components/show-message.ts'
import { TokensInput } from '../../components/tokens-input.tsx'
import { FormProblem } from '../../forms/form-problem.tsx'
import { usePageForm } from '../../forms/page-form.ts'
import { Section } from '../../layout/section.tsx'
import { everyonesRole } from '../roles/built-in-roles.ts'
import { isRoleName, roleNameRule } from '../roles/role-form.ts'
import { useAllRoles } from '../roles/roles-api.ts'
import { useChangeUser } from './users-api.ts'

function rolesError(roles: readonly string[]): string | null {
  const wrong = roles.find((role) => !isRoleName(role))
  return wrong === undefined ? null : `“${wrong}” cannot be used. ${roleNameRule}`
}

export function RolesForm({ user }: { user: User }) {
  const change = useChangeUser(user.id)
  const known = useAllRoles().data?.items.map(({ name }) => name) ?? []
  const form = usePageForm({
    initialValues: { roles: user.roles },
    validate: { roles: rolesError },
    wishes: { roles: roleNameRule }
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
            description="Choose from the list. Another name makes a role that holds nothing yet."
            data={known.filter((name) => name !== everyonesRole)}
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
