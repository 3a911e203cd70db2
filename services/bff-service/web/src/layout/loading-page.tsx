import { Center, Loader } from '@mantine/core'
import { say } from '../texts/say.ts'

export function LoadingPage() {
  return (
    <Center mih={240} role="status" aria-label={say('common.loading')}>
      <Loader />
    </Center>
  )
}
