import { Button, Text } from '@mantine/core'
import { Component, type ReactNode } from 'react'
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
      <Page title="This page does not work" width="narrow">
        <Text role="alert">It could not be loaded, or something in it failed. Reloading helps in most cases.</Text>
        <div>
          <Button onClick={() => window.location.reload()}>Reload</Button>
        </div>
      </Page>
    )
  }
}
