import { Group, Text } from '@mantine/core'
import { say } from '../texts/say.ts'
import { StatusBadge } from './status-badge.tsx'

export function Roles({ roles }: { roles: readonly string[] }) {
  if (roles.length === 0) {
    return (
      <Text span c="dimmed" size="sm">
        {say('common.none')}
      </Text>
    )
  }
  return (
    <Group gap={6}>
      {roles.map((role) => (
        <StatusBadge key={role} tone={role === 'admin' ? 'accent' : 'neutral'}>
          {role}
        </StatusBadge>
      ))}
    </Group>
  )
}
