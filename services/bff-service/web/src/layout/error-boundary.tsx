import { Button, Text } from '@mantine/core'
import { Component, type ReactNode } from 'react'
import { Page } from './page.tsx'

interface ErrorBoundaryProps {
  children: ReactNode
}

/** Takes the place of a page that fails, as one does whose chunk is gone after the service was replaced by a newer one. */
export class ErrorBoundary extends Component<ErrorBoundaryProps, { hasFailed: boolean }> {
  override state = { hasFailed: false }

  static getDerivedStateFromError() {
    return { hasFailed: true }
  }

  override render() {
    if (!this.state.hasFailed) return this.props.children
    return (
      <Page title="This page does not work" width="narrow">
        <Text role="alert">It could not be loaded, or something in it failed. Reloading helps in most cases.</Text>
        <div>
          <Button onClick={() => window.location.reload()}>Reload</Button>
        </div>
      </Page>
    )
  }
}
