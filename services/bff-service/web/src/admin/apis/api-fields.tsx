import { Checkbox } from '@mantine/core'
import type { PageForm } from '../../forms/page-form.ts'
import { say } from '../../texts/say.ts'
import type { ApiFormValues } from './api-form.ts'
import { ScopeRows } from './scope-rows.tsx'

/** The fields that can also be changed later, but for the name. */
export function ApiFields({ form }: { form: PageForm<ApiFormValues> }) {
  return (
    <>
      <Checkbox
        label={say('admin.apis.carriesRoles')}
        description={say('admin.apis.carriesRolesText')}
        key={form.key('carries_roles')}
        {...form.getInputProps('carries_roles', { type: 'checkbox' })}
      />
      <ScopeRows form={form} />
    </>
  )
}
