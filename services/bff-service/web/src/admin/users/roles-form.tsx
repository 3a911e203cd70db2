import { Button, Group } from '@mantine/core'
import type { User } from '../../api/types.ts'
import { showSuccess } from '../../components/show-message.ts'
import { TokensInput } from '../../components/tokens-input.tsx'
import { FormProblem } from '../../forms/form-problem.tsx'
import { usePageForm } from '../../forms/page-form.ts'
import { Section } from '../../layout/section.tsx'
import { say } from '../../texts/say.ts'
import { everyonesRole } from '../roles/built-in-roles.ts'
import { isRoleName, roleNameRule } from '../roles/role-form.ts'
import { useAllRoles } from '../roles/roles-api.ts'
import { useChangeUser } from './users-api.ts'

function rolesError(roles: readonly string[]): string | null {
  const wrong = roles.find((role) => !isRoleName(role))
  return wrong === undefined ? null : say('errors.item', { item: wrong, rule: roleNameRule() })
}

export function RolesForm({ user }: { user: User }) {
  const change = useChangeUser(user.id)
  const known = useAllRoles().data?.items.map(({ name }) => name) ?? []
  const form = usePageForm({
    initialValues: { roles: user.roles },
    validate: { roles: rolesError },
    wishes: { roles: roleNameRule() }
  })
  const submit = form.onSubmit(({ roles }) => {
    if (change.isPending) return
    if ([...roles].sort().join() === [...user.roles].sort().join()) return showSuccess(say('admin.common.unchanged'))
    change.mutate(
      { roles },
      {
        onSuccess: () => showSuccess(say('admin.users.rolesSaved', { name: user.username })),
        onError: (error) => form.refuse(error)
      }
    )
  })
  return (
    <Section title={say('admin.users.roles')} lead={say('admin.users.rolesLead')}>
      <form noValidate onSubmit={submit}>
        <Group align="flex-end">
          <TokensInput
            label={say('admin.users.roles')}
            description={say('admin.users.rolesText')}
            data={known.filter((name) => name !== everyonesRole)}
            flex="1 1 16rem"
            maxTags={16}
            key={form.key('roles')}
            {...form.getInputProps('roles')}
          />
          <Button type="submit" loading={change.isPending}>
            {say('admin.users.saveRoles')}
          </Button>
        </Group>
      </form>
      <FormProblem form={form} />
    </Section>
  )
}
