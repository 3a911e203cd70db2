import { Button, Group, Stack, Text } from '@mantine/core'
import type { Client, ClientWithSecret } from '../../api/types.ts'
import { CopyBlock } from '../../components/copy-block.tsx'
import { QueryResult } from '../../components/query-result.tsx'
import { Section } from '../../layout/section.tsx'
import { useInstallation } from '../installation-api.ts'
import { type ClientKind, kindOf } from './client-kinds.ts'
import { SecretNotice } from './secret-notice.tsx'
import { bffFilesOf, type SetupFiles, setupFilesOf } from './setup-files.ts'

const node = 'Node reads the file with --env-file=.env.'
const leads: Record<Exclude<ClientKind, 'bff'>, string> = {
  web: `${node} The code is for Express, with openid-client. This page shows when the first user has signed in.`,
  spa: 'Vite reads the file. The code needs oidc-client-ts. This page shows when the first user has signed in.',
  native:
    'The code is for AppAuth in React Native; AppAuth of other platforms takes the same values. This page shows when the first user has signed in.',
  service: `${node} The code gets a token, which this page shows.`,
  acting: `${node} The code gets a token, which this page shows.`,
  api: `${node} The code gets a token, which this page shows.`
}

/** How a program becomes this client: its settings and its first lines. */
export function SetupSection({ client }: { client: Client }) {
  const kind = kindOf(client)
  if (!kind) return null
  return (
    <Section title="Set it up" lead={leads[kind]}>
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
      <Text size="sm">Give the bff-service these settings, and serve the pages from the same origin.</Text>
      <QueryResult query={useInstallation()}>
        {(installation) => <Files files={bffFilesOf(installation)} />}
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
