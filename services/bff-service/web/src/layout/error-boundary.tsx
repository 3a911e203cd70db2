import { Button, Text } from '@mantine/core'
import { Component, type ReactNode } from 'react'
import { say } from '../texts/say.ts'
import { Page } from './page.tsx'

interface ErrorBoundaryProps {
  children: ReactNode
}

/** Replaces a page that fails, such as one whose chunk is missing after an update of the service. */
export class ErrorBoundary extends Component<ErrorBoundaryProps, { hasFailed: boolean }> {
  override state = { hasFailed: false }

  static getDerivedStateFromError() {
    return { hasFailed: true }
  }

  override render() {
    if (!this.state.hasFailed) return this.props.children
    return (
      <Page title={say('broken.title')} width="narrow">
        <Text role="alert">{say('broken.text')}</Text>
        <div>
          <Button onClick={() => window.location.reload()}>{say('broken.reload')}</Button>
        </div>
      </Page>
    )
  }
}
