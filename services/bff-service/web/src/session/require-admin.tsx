import { Text } from '@mantine/core'
import { Outlet } from 'react-router'
import { Page } from '../layout/page.tsx'
import { isAdmin, useSignedIn } from './session.ts'

/** Spares others the pages of the administration; the APIs behind them refuse everybody else on their own. */
export function RequireAdmin() {
  if (isAdmin(useSignedIn())) return <Outlet />
  return (
    <Page title="Administrators only" width="narrow">
      <Text>Your account does not have the role “admin”. Ask an administrator if you need it.</Text>
    </Page>
  )
}
