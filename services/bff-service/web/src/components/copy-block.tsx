import { Button, Code, Group, Stack, Text } from '@mantine/core'
import { useClipboard } from '@mantine/hooks'
import { IconCheck, IconCopy } from '@tabler/icons-react'
import { useId } from 'react'
import { say } from '../texts/say.ts'
import classes from './copy-block.module.css'

/** A file or a piece of code, with a button that copies it. */
export function CopyBlock({ label, text }: { label: string; text: string }) {
  const id = useId()
  const { copy, copied, error } = useClipboard({ timeout: 4_000 })
  return (
    <Stack gap={6}>
      <Group justify="space-between">
        <Text size="sm" fw={600} id={id}>
          {label}
        </Text>
        <Button
          variant="default"
          size="xs"
          aria-label={say('common.copyOf', { what: label })}
          leftSection={copied ? <IconCheck size={16} aria-hidden /> : <IconCopy size={16} aria-hidden />}
          onClick={() => copy(text)}
        >
          {say('common.copy')}
        </Button>
      </Group>
      <Code block className={classes.text} role="group" aria-labelledby={id}>
        {text}
      </Code>
      <Text size="sm" role="status">
        {copied && say('common.copied', { what: label })}
        {error && say('common.copyRefused')}
      </Text>
    </Stack>
  )
}
