import { Button, Code, Group, Stack, Text } from '@mantine/core'
import { useClipboard } from '@mantine/hooks'
import { say } from '../texts/say.ts'

/** The codes, which are shown this once: to copy, to download, to print. */
export function RecoveryCodes({ codes }: { codes: readonly string[] }) {
  const { copy, copied, error } = useClipboard({ timeout: 4_000 })
  const text = codes.join('\n')
  return (
    <Stack gap="sm">
      <Text size="sm">{say('recoveryCodes.text')}</Text>
      <Code block tabIndex={0} aria-label={say('recoveryCodes.title')}>
        {text}
      </Code>
      <Group gap="xs">
        <Button variant="default" size="xs" onClick={() => copy(text)}>
          {say('common.copy')}
        </Button>
        <Button
          variant="default"
          size="xs"
          component="a"
          href={`data:text/plain;charset=utf-8,${encodeURIComponent(`${text}\n`)}`}
          download="recovery-codes.txt"
        >
          {say('recoveryCodes.download')}
        </Button>
        <Button variant="default" size="xs" onClick={() => window.print()}>
          {say('recoveryCodes.print')}
        </Button>
      </Group>
      <Text size="sm" role="status">
        {copied && say('common.copied', { what: say('recoveryCodes.title') })}
        {error && say('common.copyRefused')}
      </Text>
    </Stack>
  )
}
