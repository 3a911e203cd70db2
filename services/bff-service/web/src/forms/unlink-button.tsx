import type { ReactNode } from 'react'
import type { LinkedIdentity } from '../api/types.ts'
import { say } from '../texts/say.ts'
import { ConfirmButton, type ConfirmedChange } from './confirm-button.tsx'

interface UnlinkButtonProps {
  identity: LinkedIdentity
  title: string
  /** Unlinks the identity with this id. */
  unlink: ConfirmedChange<string>
  /** What will happen. */
  children: ReactNode
}

/** Unlinks an identity at another service from an account. */
export function UnlinkButton({ identity: { id, provider }, title, unlink, children }: UnlinkButtonProps) {
  return (
    <ConfirmButton
      label={say('identities.unlink')}
      aria-label={say('identities.unlinkOf', { name: provider.name })}
      variant="light"
      color="red"
      size="xs"
      title={title}
      confirmLabel={say('identities.unlink')}
      change={unlink}
      variablesOf={() => id}
      success={say('identities.unlinked', { name: provider.name })}
    >
      {children}
    </ConfirmButton>
  )
}
