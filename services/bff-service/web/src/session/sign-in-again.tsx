import { Button, Modal, Stack, Text } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import type { SignedIn } from '../api/types.ts'
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
      title="Your session has ended"
      zIndex={1000}
      overlayProps={{ backgroundOpacity: 0.85, blur: 6, onMouseDown: (event) => event.preventDefault() }}
      onFocusCapture={keepEscapeHere}
    >
      <Stack>
        <Text size="sm">
          Sign in again to go on as {former.username}. What you typed is still there; if another user signs in, it is
          dropped.
        </Text>
        <SignInForm username={former.username} />
        <Button variant="subtle" onClick={() => leaveEndedPage(client)}>
          Leave this page
        </Button>
      </Stack>
    </Modal>
  )
}
