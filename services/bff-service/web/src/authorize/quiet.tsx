import { Center, Text } from '@mantine/core'
import { useEffect, useState } from 'react'
import type { AuthorizationRequest } from '../api/types.ts'
import { LoadingPage } from '../layout/loading-page.tsx'
import { say } from '../texts/say.ts'
import { leaveFor } from './leave.ts'

const quietMs = 500
/** An app that is not a page may have opened meanwhile, and this page stays. */
const stayingMs = 4_000

/** Shows nothing at first: most waiting is over before anybody would read of it. */
export function Quiet() {
  return useIsAfter(quietMs) ? <LoadingPage /> : null
}

interface LeavingProps {
  to: string
  asked: AuthorizationRequest
  /** The app has asked that nothing be shown. */
  isSilent?: boolean
}

/** Leaves for the app, by the issuer. */
export function Leaving({ to, asked, isSilent = false }: LeavingProps) {
  const isStaying = useIsAfter(stayingMs)
  useEffect(() => leaveFor(to, asked.complete_url), [to, asked.complete_url])
  if (isSilent) return null
  return (
    <Center mih={240} px="md">
      <Text c="dimmed" role="status" ta="center">
        {isStaying ? say('authorize.staying', { name: asked.client.name }) : say('authorize.leaving')}
      </Text>
    </Center>
  )
}

function useIsAfter(ms: number): boolean {
  const [isAfter, setIsAfter] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setIsAfter(true), ms)
    return () => clearTimeout(timer)
  }, [ms])
  return isAfter
}
