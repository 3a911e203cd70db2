import { Button, Modal, Stack, Text } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import type { SignedIn } from '../api/types.ts'
import { say } from '../texts/say.ts'
import { ProviderButtonsAbovePage } from './provider-buttons.tsx'
import { leaveEndedPage } from './session.ts'
import { SignInForm } from './sign-in-page.tsx'
import { keepEscapeHere } from './step-up.tsx'

/** Lets the user of an ended session sign in above the page, so that the input is kept. */
export function SignInAgain({ former }: { former: SignedIn }) {
  const client = useQueryClient()
  return (
    <Modal
      opened
      onClose={() => {}}
      withCloseButton={false}
      closeOnEscape={false}
      closeOnClickOutside={false}
      title={say('session.endedTitle')}
      zIndex={1000}
      overlayProps={{ backgroundOpacity: 0.85, blur: 6, onMouseDown: (event) => event.preventDefault() }}
      onFocusCapture={keepEscapeHere}
    >
      <Stack>
        <Text size="sm">{say('session.endedText', { name: former.username })}</Text>
        <SignInForm username={former.username} />
        <ProviderButtonsAbovePage />
        <Button variant="subtle" onClick={() => leaveEndedPage(client)}>
          {say('session.leave')}
        </Button>
      </Stack>
    </Modal>
  )
}
