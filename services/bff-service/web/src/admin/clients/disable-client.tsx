import type { Client } from '../../api/types.ts'
import { DisableButton } from '../../forms/disable-button.tsx'
import { useChangeClient } from './clients-api.ts'

/** Disables the client, or enables again one that is disabled. */
export function DisableClient({ client }: { client: Client }) {
  const isDisabled = client.disabled_at !== null
  return (
    <DisableButton
      what="client"
      name={client.client_id}
      isDisabled={isDisabled}
      change={useChangeClient(client.client_id)}
      consequence={
        isDisabled
          ? 'The client can authenticate itself again.'
          : 'The client cannot authenticate itself any more, and every token that was issued to it ends at once.'
      }
    />
  )
}
