import { Text } from '@mantine/core'
import { Outlet } from 'react-router'
import { Page } from '../layout/page.tsx'
import { say } from '../texts/say.ts'
import { isAdmin, useSignedIn } from './session.ts'

/** Hides the administration from others; the APIs behind it reject them in any case. */
export function RequireAdmin() {
  if (isAdmin(useSignedIn())) return <Outlet />
  return (
    <Page title={say('session.adminsOnly')} width="narrow">
      <Text>{say('session.needsAdmin')}</Text>
    </Page>
  )
}
