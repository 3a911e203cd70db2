import { Container, Group, Stack, Text, Title } from '@mantine/core'
import { useDocumentTitle } from '@mantine/hooks'
import { type ReactNode, useEffect, useRef } from 'react'
import { NavigationType, useLocation, useNavigationType } from 'react-router'
import { branding } from '../branding.ts'

const widths = { narrow: 460, medium: 820, wide: 1180 }

interface PageProps {
  title: string
  /** One or two sentences under the heading. */
  lead?: ReactNode
  /** Stands beside the heading. */
  actions?: ReactNode
  width?: keyof typeof widths
  /** For pages whose first field takes the focus itself. */
  leavesFocus?: boolean
  children: ReactNode
}

/** The heading and the content of one page. A change of page moves the focus to the heading, as loading a document would. */
export function Page({ title, lead, actions, width = 'wide', leavesFocus = false, children }: PageProps) {
  const heading = useRef<HTMLHeadingElement>(null)
  const navigation = useNavigationType()
  const isFirst = useLocation().key === 'default'
  useDocumentTitle(`${title} · ${branding.productName}`)
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each page, not for each change of its query
  useEffect(() => {
    if (!isFirst && !leavesFocus) heading.current?.focus({ preventScroll: true })
    if (navigation !== NavigationType.Pop) window.scrollTo(0, 0)
  }, [])
  return (
    <Container
      size={widths[width]}
      py={width === 'narrow' ? { base: 'xl', sm: 56 } : 'xl'}
      px={{ base: 'md', sm: 'lg' }}
    >
      <Stack gap="lg">
        <Group justify="space-between" align="center">
          <Title order={1} ref={heading} tabIndex={-1}>
            {title}
          </Title>
          {actions}
        </Group>
        {lead && (
          <Text c="dimmed" mt="-xs" maw={680}>
            {lead}
          </Text>
        )}
        {children}
      </Stack>
    </Container>
  )
}
