import { Button, Group, Stack, Text, Textarea } from '@mantine/core'
import { useClipboard } from '@mantine/hooks'
import { IconCheck, IconCopy } from '@tabler/icons-react'
import { type ReactNode, useEffect, useRef } from 'react'
import { say } from '../../texts/say.ts'
import classes from './secret-notice.module.css'

interface SecretNoticeProps {
  secret: string
  onClose: () => void
  /** What can be done with it. */
  children?: ReactNode
}

/** Shows a client secret, which no page can show again. */
export function SecretNotice({ secret, onClose, children }: SecretNoticeProps) {
  const field = useRef<HTMLTextAreaElement>(null)
  const { copy, copied, error } = useClipboard({ timeout: 4_000 })
  // The form before it may have been scrolled to its end.
  useEffect(() => field.current?.focus(), [])
  return (
    <Stack>
      <Text size="sm">{say('admin.clients.copySecret')}</Text>
      <Textarea
        ref={field}
        label={say('admin.clients.secret')}
        value={secret}
        readOnly
        autoComplete="off"
        spellCheck={false}
        rows={2}
        classNames={{ input: classes.secret }}
        onFocus={() => field.current?.select()}
      />
      <Group>
        <Button
          variant="default"
          leftSection={copied ? <IconCheck size={16} aria-hidden /> : <IconCopy size={16} aria-hidden />}
          onClick={() => copy(secret)}
        >
          {say('common.copy')}
        </Button>
        <Text size="sm" role="status">
          {copied && say('admin.clients.secretCopied')}
          {error && say('admin.clients.copyRefused')}
        </Text>
      </Group>
      {children}
      <Group justify="flex-end">
        <Button onClick={onClose}>{say('admin.clients.haveCopied')}</Button>
      </Group>
    </Stack>
  )
}
