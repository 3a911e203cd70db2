import { Box, Stack, Text } from '@mantine/core'
import { QRCodeSVG } from 'qrcode.react'
import type { TotpSetUp as SetUp } from '../api/types.ts'
import { say } from '../texts/say.ts'
import { CopyBlock } from './copy-block.tsx'

/** What an authenticator app has to know, as a picture and as text. */
export function TotpSetUp({ setUp: { secret, uri } }: { setUp: SetUp }) {
  return (
    <Stack>
      <Text size="sm">{say('totp.scan')}</Text>
      <Box bg="white" p="md" w="fit-content">
        <QRCodeSVG value={uri} size={192} title={say('totp.picture')} bgColor="#ffffff" fgColor="#000000" />
      </Box>
      <CopyBlock label={say('totp.key')} text={secret.replaceAll(/(.{4})(?=.)/g, '$1 ')} />
    </Stack>
  )
}
