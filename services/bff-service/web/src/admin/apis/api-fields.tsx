import { Checkbox } from '@mantine/core'
import type { PageForm } from '../../forms/page-form.ts'
import type { ApiFormValues } from './api-form.ts'
import { ScopeRows } from './scope-rows.tsx'

/** The fields that can also be changed later, but for the name. */
export function ApiFields({ form }: { form: PageForm<ApiFormValues> }) {
  return (
    <>
      <Checkbox
        label="Its tokens name roles"
        description="A user’s token for this API names those of the user’s roles that hold a scope of it."
        key={form.key('carries_roles')}
        {...form.getInputProps('carries_roles', { type: 'checkbox' })}
      />
      <ScopeRows form={form} />
    </>
  )
}
