import type { ReactNode } from 'react'
import type { LinkedIdentity } from '../api/types.ts'
import { say } from '../texts/say.ts'
import { DataTable } from './data-table.tsx'
import { DateTime } from './date-time.tsx'

interface IdentityTableProps {
  identities: readonly LinkedIdentity[]
  /** The button that unlinks one. */
  unlink: (identity: LinkedIdentity) => ReactNode
}

/** A user's identities at other services. */
export function IdentityTable({ identities, unlink }: IdentityTableProps) {
  return (
    <DataTable
      label={say('identities.title')}
      columns={[
        { label: say('identities.service'), render: ({ provider }) => provider.name },
        { label: say('identities.address'), render: ({ address }) => address ?? '–' },
        {
          label: say('identities.lastUsed'),
          render: ({ last_used_at }) => (last_used_at ? <DateTime value={last_used_at} /> : '–')
        },
        { label: say('identities.actions'), render: unlink }
      ]}
      rows={identities}
      keyOf={({ id }) => id}
      isLoading={false}
      empty={say('identities.empty')}
    />
  )
}
