import { Button, Group, Stack, Text } from '@mantine/core'
import type { Client, ClientWithSecret } from '../../api/types.ts'
import { CopyBlock } from '../../components/copy-block.tsx'
import { QueryResult } from '../../components/query-result.tsx'
import { Section } from '../../layout/section.tsx'
import { useInstallation } from '../installation-api.ts'
import { kindOf } from './client-kinds.ts'
import { SecretNotice } from './secret-notice.tsx'
import { type SetupFiles, setupFilesOf, webAppFilesOf } from './setup-files.ts'

/** How a program becomes this client: its settings and its first lines. */
export function SetupSection({ client }: { client: Client }) {
  if (!kindOf(client)) return null
  return (
    <Section
      title="Set it up"
      lead="Node reads the file with --env-file=.env. The code gets a token, which this page shows."
    >
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

/** For a web app there is nothing to register. */
export function WebAppSetup({ onClose }: { onClose: () => void }) {
  return (
    <>
      <Text size="sm">Give the bff-service these settings, and serve the pages from the same origin.</Text>
      <QueryResult query={useInstallation()}>
        {(installation) => <Files files={webAppFilesOf(installation)} />}
      </QueryResult>
      <Group justify="flex-end">
        <Button onClick={onClose}>Close</Button>
      </Group>
    </>
  )
}

function Files({ files }: { files: SetupFiles | undefined }) {
  if (!files) return null
  return (
    <Stack>
      <CopyBlock label=".env" text={files.env} />
      <CopyBlock label="Code" text={files.snippet} />
    </Stack>
  )
}
