import { Paper } from '@mantine/core'
import type { FormEventHandler, ReactNode } from 'react'

interface FormCardProps {
  onSubmit: FormEventHandler<HTMLFormElement>
  children: ReactNode
}

/** A form that validates itself, so that its messages are tied to their fields. */
export function FormCard({ onSubmit, children }: FormCardProps) {
  return (
    <Paper withBorder radius="lg" p={{ base: 'md', sm: 'xl' }}>
      <form method="post" noValidate onSubmit={onSubmit}>
        {children}
      </form>
    </Paper>
  )
}
