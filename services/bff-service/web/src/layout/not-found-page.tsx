import { Anchor, Text } from '@mantine/core'
import { Link } from 'react-router'
import { Page } from './page.tsx'

export function NotFoundPage() {
  return (
    <Page title="Page not found" width="narrow">
      <Text>
        There is nothing at this address. Check it for a slip, or go to{' '}
        <Anchor component={Link} to="/" underline="always">
          your account
        </Anchor>
        .
      </Text>
    </Page>
  )
}
