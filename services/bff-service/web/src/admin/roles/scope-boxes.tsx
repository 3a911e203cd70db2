import { Anchor, Checkbox, Fieldset, Stack, Text } from '@mantine/core'
import { Link } from 'react-router'
import type { Api } from '../../api/types.ts'
import { QueryResult } from '../../components/query-result.tsx'
import type { PageForm } from '../../forms/page-form.ts'
import { say } from '../../texts/say.ts'
import { useAllApis } from '../apis/apis-api.ts'
import { boxOf, type RoleFormValues } from './role-form.ts'

/** All scopes there are, by their APIs; those that the role holds are checked. */
export function ScopeBoxes({ form }: { form: PageForm<RoleFormValues> }) {
  return (
    <QueryResult query={useAllApis()}>
      {({ items, isAll }) => {
        const apis = items.filter(({ scopes }) => scopes.length > 0)
        if (apis.length === 0) return <NoScopes />
        return (
          <Checkbox.Group label={say('admin.common.scopes')} key={form.key('scopes')} {...form.getInputProps('scopes')}>
            <Stack mt={6}>
              {apis.map((api) => (
                <ApiScopes key={api.id} api={api} />
              ))}
              {!isAll && <Text size="sm">{say('admin.roles.moreApis')}</Text>}
            </Stack>
          </Checkbox.Group>
        )
      }}
    </QueryResult>
  )
}

function ApiScopes({ api: { identifier, name, scopes } }: { api: Api }) {
  return (
    <Fieldset legend={name === identifier ? name : `${name} (${identifier})`}>
      <Stack gap="sm">
        {scopes.map((scope) => (
          <Checkbox
            key={scope.name}
            value={boxOf({ api: identifier, scope: scope.name })}
            label={scope.name}
            description={scope.description}
          />
        ))}
      </Stack>
    </Fieldset>
  )
}

function NoScopes() {
  return (
    <Text size="sm" c="dimmed">
      {say('admin.roles.noScopes')}{' '}
      <Anchor component={Link} to="/admin/apis" inherit underline="always">
        {say('admin.roles.addScopes')}
      </Anchor>
    </Text>
  )
}
