import { Button, Group } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import type { User } from '../../api/types.ts'
import { ErrorAlert } from '../../components/error-alert.tsx'
import { showSuccess } from '../../components/show-message.ts'
import { TokensInput } from '../../components/tokens-input.tsx'
import { Section } from '../../layout/section.tsx'
import { useChangeUser } from './users-api.ts'

const rolePattern = /^[a-z][a-z0-9_-]{0,31}$/

export function RolesForm({ user }: { user: User }) {
  const [roles, setRoles] = useState(user.roles)
  const change = useChangeUser(user.id)
  const wrong = roles.find((role) => !rolePattern.test(role))
  const isChanged = [...roles].sort().join() !== [...user.roles].sort().join()
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (change.isPending || wrong !== undefined || !isChanged) return
    change.mutate({ roles }, { onSuccess: () => showSuccess(`The roles of ${user.username} are saved.`) })
  }
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
            value={roles}
            onChange={setRoles}
            error={wrong && `“${wrong}” is no role: 1 to 32 of a-z, 0-9, _ and -, a letter first.`}
          />
          <Button type="submit" loading={change.isPending} disabled={!isChanged || wrong !== undefined}>
            Save roles
          </Button>
        </Group>
      </form>
      {change.error && <ErrorAlert error={change.error} />}
    </Section>
  )
}
