import { Anchor, Text } from '@mantine/core'
import { Link } from 'react-router'
import { say } from '../texts/say.ts'
import { Page } from './page.tsx'

export function NotFoundPage() {
  return (
    <Page title={say('notFound.title')} width="narrow">
      <Text>{say('notFound.text')}</Text>
      <Text size="sm">
        <Anchor component={Link} to="/" underline="always">
          {say('common.toAccount')}
        </Anchor>
      </Text>
    </Page>
  )
}
