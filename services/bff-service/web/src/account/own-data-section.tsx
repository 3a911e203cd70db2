import { Button } from '@mantine/core'
import { Section } from '../layout/section.tsx'
import { say } from '../texts/say.ts'

export function OwnDataSection() {
  return (
    <Section title={say('data.title')} lead={say('data.lead')}>
      <div>
        <Button component="a" href="/account/auth/me/data" download variant="default">
          {say('data.download')}
        </Button>
      </div>
    </Section>
  )
}
