import { useState } from 'react'
import { useNavigate } from 'react-router'
import type { Api } from '../../api/types.ts'
import { ConfirmButton } from '../../forms/confirm-button.tsx'
import { EndSessionsChoice } from '../../forms/end-sessions-choice.tsx'
import { useInstallation } from '../installation-api.ts'
import { useDeleteApi } from './apis-api.ts'

export function DeleteApi({ api }: { api: Api }) {
  const navigate = useNavigate()
  const [endsSessions, setEndsSessions] = useState(false)
  const isFirst = useInstallation().data?.first_api === api.identifier
  return (
    <ConfirmButton
      label="Delete API"
      variant="light"
      color="red"
      size="xs"
      title={`Delete ${api.name}?`}
      confirmLabel="Delete"
      change={useDeleteApi(api.id)}
      variablesOf={() => endsSessions}
      success={`The API ${api.name} is deleted.`}
      onSuccess={() => navigate('/admin/apis')}
      choice={
        <EndSessionsChoice
          checked={endsSessions}
          onChange={({ currentTarget }) => setEndsSessions(currentTarget.checked)}
        />
      }
    >
      Its scopes are taken from every role, and no session can ask for a token for it any more. Sessions stay, and
      tokens that were issued for it are good until they expire.
      {isFirst &&
        ' It is the API_AUDIENCE of the auth-service, which makes it again at its next start, without scopes.'}
    </ConfirmButton>
  )
}
