import { Alert, Anchor, Text } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { Link, Navigate, useLocation } from 'react-router'
import { dateAndTime } from '../components/date-time.tsx'
import { Page } from '../layout/page.tsx'
import { endSession } from '../session/session.ts'
import { tellOtherTabs } from '../session/tabs.ts'
import { say } from '../texts/say.ts'

/** What a user sees who has just asked to be deleted. */
export function AccountDeletionPage() {
  const { state: deletionAt } = useLocation()
  const client = useQueryClient()
  // Not before this page is shown: the page of the account would lead to the sign-in.
  useEffect(() => {
    if (typeof deletionAt !== 'string') return
    endSession(client, 'signed_out')
    tellOtherTabs('signed_out')
  }, [client, deletionAt])
  if (typeof deletionAt !== 'string') return <Navigate replace to="/" />
  return (
    <Page title={say('account.title')} width="narrow">
      <Notice deletionAt={deletionAt} />
      <Text size="sm">
        <Anchor component={Link} to="/sign-in" underline="always">
          {say('deletion.toSignIn')}
        </Anchor>
      </Text>
    </Page>
  )
}

function Notice({ deletionAt }: { deletionAt: string }) {
  const isOver = Date.parse(deletionAt) <= Date.now()
  return (
    <Alert color="green" role="status">
      <Text size="sm">
        {say('deletion.signedOut')}{' '}
        {isOver ? say('deletion.over') : say('deletion.until', { moment: dateAndTime(new Date(deletionAt)) })}
      </Text>
    </Alert>
  )
}
