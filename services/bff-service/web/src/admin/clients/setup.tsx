import { Button, Group, Stack, Text } from '@mantine/core'
import type { Client, ClientWithSecret } from '../../api/types.ts'
import { CopyBlock } from '../../components/copy-block.tsx'
import { QueryResult } from '../../components/query-result.tsx'
import { Section } from '../../layout/section.tsx'
import { say, type TextKey } from '../../texts/say.ts'
import { useInstallation } from '../installation-api.ts'
import { type ClientKind, kindOf } from './client-kinds.ts'
import { SecretNotice } from './secret-notice.tsx'
import { bffFilesOf, type SetupFiles, setupFilesOf } from './setup-files.ts'

const leads: Record<Exclude<ClientKind, 'bff'>, TextKey> = {
  web: 'admin.clients.setup.web',
  spa: 'admin.clients.setup.spa',
  native: 'admin.clients.setup.native',
  service: 'admin.clients.setup.service',
  acting: 'admin.clients.setup.service',
  api: 'admin.clients.setup.service'
}

/** How a program becomes this client: its settings and its first lines. */
export function SetupSection({ client }: { client: Client }) {
  const kind = kindOf(client)
  if (!kind) return null
  return (
    <Section title={say('admin.clients.setup.title')} lead={say(leads[kind])}>
      <ClientSetup client={client} />
    </Section>
  )
}

/** A new secret in the settings of the client's program. */
export function NewSecret({ client, onClose }: { client: ClientWithSecret; onClose: () => void }) {
  const { client_secret: secret = '' } = client
  return (
    <SecretNotice secret={secret} onClose={onClose}>
      <ClientSetup client={client} secret={secret} />
    </SecretNotice>
  )
}

function ClientSetup({ client, secret }: { client: Client; secret?: string }) {
  return (
    <QueryResult query={useInstallation()}>
      {(installation) => <Files files={setupFilesOf(client, installation, secret)} />}
    </QueryResult>
  )
}

/** For an app behind the bff-service there is nothing to register. */
export function BffSetup({ onClose }: { onClose: () => void }) {
  return (
    <>
      <Text size="sm">{say('admin.clients.setup.bff')}</Text>
      <QueryResult query={useInstallation()}>
        {(installation) => <Files files={bffFilesOf(installation)} />}
      </QueryResult>
      <Group justify="flex-end">
        <Button onClick={onClose}>{say('common.close')}</Button>
      </Group>
    </>
  )
}

function Files({ files }: { files: SetupFiles | undefined }) {
  if (!files) return null
  return (
    <Stack>
      <CopyBlock label=".env" text={files.env} />
      <CopyBlock label={say('admin.clients.setup.code')} text={files.snippet} />
    </Stack>
  )
}
