import { useLocation } from 'react-router'
import { Page } from '../layout/page.tsx'
import { say } from '../texts/say.ts'
import { ErrorDetails, type Sentences } from './error-details.tsx'

const sentences: Sentences = {
  other: 'authorizeError.other',
  invalid_request: 'authorizeError.request',
  invalid_client: 'authorizeError.client',
  invalid_redirect_uri: 'authorizeError.redirect',
  other_browser: 'authorizeError.browser',
  request_over: 'authorizeError.over',
  temporarily_unavailable: 'authorizeError.unavailable',
  too_many_requests: 'authorizeError.unavailable'
}

/** Where the issuer sends a browser that it can send nowhere else. */
export function AuthorizeErrorPage() {
  const { search } = useLocation()
  return (
    <Page title={say('authorizeError.title')} width="narrow">
      <ErrorDetails search={search} sentences={sentences} />
    </Page>
  )
}
