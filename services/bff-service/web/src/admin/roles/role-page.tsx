import { Alert, Anchor, Text } from '@mantine/core'
import { Link, useNavigate, useParams } from 'react-router'
import type { Role } from '../../api/types.ts'
import { DateTime } from '../../components/date-time.tsx'
import { Facts } from '../../components/facts.tsx'
import { QueryResult } from '../../components/query-result.tsx'
import { ConfirmButton } from '../../forms/confirm-button.tsx'
import { Page } from '../../layout/page.tsx'
import { Section } from '../../layout/section.tsx'
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
          All roles
        </Anchor>
      }
    >
      <QueryResult query={query} list={{ to: '/admin/roles', label: 'To the list of roles' }}>
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
          <Text size="sm">{builtIn}</Text>
        </Alert>
      )}
      <Section title="Role" actions={!builtIn && <DeleteRole role={role} />}>
        <Facts items={[['Created', <DateTime key="created" value={role.created_at} />]]} />
      </Section>
      <ChangeRole role={role} />
    </>
  )
}

function DeleteRole({ role: { name } }: { role: Role }) {
  const navigate = useNavigate()
  return (
    <ConfirmButton
      label="Delete role"
      variant="light"
      color="red"
      size="xs"
      title={`Delete the role ${name}?`}
      confirmLabel="Delete"
      change={useDeleteRole(name)}
      variablesOf={() => undefined}
      success={`The role ${name} is deleted.`}
      onSuccess={() => navigate('/admin/roles')}
    >
      A role can be deleted once no user has it: take it from each on the user’s page. No session ends by this.
    </ConfirmButton>
  )
}
