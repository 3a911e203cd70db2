import { useState } from 'react'
import { useNavigate } from 'react-router'
import type { Api } from '../../api/types.ts'
import { ConfirmButton } from '../../forms/confirm-button.tsx'
import { EndSessionsChoice } from '../../forms/end-sessions-choice.tsx'
import { say } from '../../texts/say.ts'
import { useInstallation } from '../installation-api.ts'
import { useDeleteApi } from './apis-api.ts'

export function DeleteApi({ api }: { api: Api }) {
  const navigate = useNavigate()
  const [endsSessions, setEndsSessions] = useState(false)
  const isFirst = useInstallation().data?.first_api === api.identifier
  return (
    <ConfirmButton
      label={say('admin.apis.delete')}
      variant="light"
      color="red"
      size="xs"
      title={say('admin.apis.deleteTitle', { name: api.name })}
      confirmLabel={say('admin.common.delete')}
      change={useDeleteApi(api.id)}
      variablesOf={() => endsSessions}
      success={say('admin.apis.deleted', { name: api.name })}
      onSuccess={() => navigate('/admin/apis')}
      choice={
        <EndSessionsChoice
          checked={endsSessions}
          onChange={({ currentTarget }) => setEndsSessions(currentTarget.checked)}
        />
      }
    >
      {say('admin.apis.deleteText')}
      {isFirst && ` ${say('admin.apis.deleteFirst')}`}
    </ConfirmButton>
  )
}
