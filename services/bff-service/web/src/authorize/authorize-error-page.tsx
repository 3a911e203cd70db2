import { Alert, Code, Stack, Text } from '@mantine/core'
import { useLocation } from 'react-router'
import { Page } from '../layout/page.tsx'
import { say, type TextKey } from '../texts/say.ts'

const sentences: Record<string, TextKey> = {
  invalid_request: 'authorizeError.request',
  invalid_client: 'authorizeError.client',
  invalid_redirect_uri: 'authorizeError.redirect',
  other_browser: 'authorizeError.browser',
  request_over: 'authorizeError.over',
  temporarily_unavailable: 'authorizeError.away',
  too_many_requests: 'authorizeError.away'
}

/** Where the issuer sends a browser that it can send nowhere else. All of it may be made up by a link: it is text, and short. */
export function AuthorizeErrorPage() {
  const query = new URLSearchParams(useLocation().search)
  const code = /^[a-z_]{1,64}$/.exec(query.get('error') ?? '')?.[0]
  const description = printable(query.get('error_description') ?? '')
  const sentence = (code && sentences[code]) || 'authorizeError.other'
  return (
    <Page title={say('authorizeError.title')} width="narrow">
      <Alert color="red" role="alert">
        <Text size="sm">{say(sentence)}</Text>
      </Alert>
      {code && (
        <Stack gap={4}>
          <Text size="sm" c="dimmed">
            {say('authorizeError.details')}
          </Text>
          <Code block>{description ? `${code}\n${description}` : code}</Code>
        </Stack>
      )}
    </Page>
  )
}

/** What RFC 6749 §4.1.2.1 lets a description be. */
function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, ' ').slice(0, 200)
}
