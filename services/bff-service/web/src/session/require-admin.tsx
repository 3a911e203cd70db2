import { Text } from '@mantine/core'
import { Outlet } from 'react-router'
import { Page } from '../layout/page.tsx'
import { isAdmin, useSignedIn } from './session.ts'

/** Hides the administration from others; the APIs behind it reject them in any case. */
export function RequireAdmin() {
  if (isAdmin(useSignedIn())) return <Outlet />
  return (
    <Page title="Administrators only" width="narrow">
      <Text>Your account does not have the role “admin”. Ask an administrator if you need it.</Text>
    </Page>
  )
}
