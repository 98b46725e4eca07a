import { Alert, Button } from '@mantine/core'
import { Component } from 'react'
import type { ReactNode } from 'react'

/** Keeps a page that cannot be shown from taking the others, and the running node, with it. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { error: Error | null }> {
  override state: { error: Error | null } = { error: null }

  static getDerivedStateFromError(error: Error): { error: Error } {
    return { error }
  }

  override render(): ReactNode {
    const { error } = this.state
    if (error === null) return this.props.children
    return (
      <Alert color="red" variant="light" role="alert" title="This page could not be shown">
        {error.message}. The node behind it goes on.
        <div>
          <Button mt="sm" size="xs" onClick={() => this.setState({ error: null })}>
            Try again
          </Button>
        </div>
      </Alert>
    )
  }
}
