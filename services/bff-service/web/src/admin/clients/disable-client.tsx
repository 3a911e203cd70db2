import type { Client } from '../../api/types.ts'
import { DisableButton } from '../../forms/disable-button.tsx'
import { say } from '../../texts/say.ts'
import { useChangeClient } from './clients-api.ts'

/** Disables the client, or enables again one that is disabled. */
export function DisableClient({ client }: { client: Client }) {
  const isDisabled = client.disabled_at !== null
  return (
    <DisableButton
      label={say(isDisabled ? 'admin.clients.enable' : 'admin.clients.disable')}
      name={client.client_id}
      isDisabled={isDisabled}
      change={useChangeClient(client.client_id)}
      consequence={isDisabled ? say('admin.clients.enableText') : say('admin.clients.disableText')}
    />
  )
}
