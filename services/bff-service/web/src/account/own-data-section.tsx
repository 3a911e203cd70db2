import { Button } from '@mantine/core'
import { Section } from '../layout/section.tsx'

export function OwnDataSection() {
  return (
    <Section
      title="Your data"
      lead="A file (JSON) with what is kept about you: your profile, your sessions, and what the audit log has about you."
    >
      <div>
        <Button component="a" href="/account/auth/me/data" download variant="default">
          Download your data
        </Button>
      </div>
    </Section>
  )
}
