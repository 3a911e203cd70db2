import { Alert, Anchor, Text } from '@mantine/core'
import { Link, useNavigate, useParams } from 'react-router'
import type { Role } from '../../api/types.ts'
import { DateTime } from '../../components/date-time.tsx'
import { Facts } from '../../components/facts.tsx'
import { QueryResult } from '../../components/query-result.tsx'
import { ConfirmButton } from '../../forms/confirm-button.tsx'
import { Page } from '../../layout/page.tsx'
import { Section } from '../../layout/section.tsx'
import { say } from '../../texts/say.ts'
import { builtInRoles } from './built-in-roles.ts'
import { ChangeRole } from './change-role.tsx'
import { useDeleteRole, useRole } from './roles-api.ts'

export function RolePage() {
  const { name = '' } = useParams()
  const query = useRole(name)
  return (
    <Page
      key={name}
      title={name}
      width="medium"
      actions={
        <Anchor component={Link} to="/admin/roles" size="sm">
          {say('admin.roles.all')}
        </Anchor>
      }
    >
      <QueryResult query={query} list={{ to: '/admin/roles', label: say('admin.roles.toList') }}>
        {(role) => <RoleDetails role={role} />}
      </QueryResult>
    </Page>
  )
}

function RoleDetails({ role }: { role: Role }) {
  const builtIn = builtInRoles[role.name]
  return (
    <>
      {builtIn && (
        <Alert color="brand" role="note">
          <Text size="sm">{say(builtIn)}</Text>
        </Alert>
      )}
      <Section title={say('admin.roles.one')} actions={!builtIn && <DeleteRole role={role} />}>
        <Facts items={[[say('admin.common.created'), <DateTime key="created" value={role.created_at} />]]} />
      </Section>
      <ChangeRole role={role} />
    </>
  )
}

function DeleteRole({ role: { name } }: { role: Role }) {
  const navigate = useNavigate()
  return (
    <ConfirmButton
      label={say('admin.roles.delete')}
      variant="light"
      color="red"
      size="xs"
      title={say('admin.roles.deleteTitle', { name })}
      confirmLabel={say('admin.common.delete')}
      change={useDeleteRole(name)}
      variablesOf={() => undefined}
      success={say('admin.roles.deleted', { name })}
      onSuccess={() => navigate('/admin/roles')}
    >
      {say('admin.roles.deleteText')}
    </ConfirmButton>
  )
}
