/**
 * Loaded into a service before its own code (`--import`): SIGUSR2 begins a profile of its event loop, and the next SIGUSR2
 * ends it. Node has `--cpu-prof` for that, but neither in NODE_OPTIONS nor without the start of the process.
 */
import { writeFileSync } from 'node:fs'
import { Session } from 'node:inspector/promises'
import { isMainThread } from 'node:worker_threads'

let session: Session | undefined

async function toggle(): Promise<void> {
  if (session) {
    const { profile } = await session.post('Profiler.stop')
    session.disconnect()
    session = undefined
    writeFileSync(new URL(import.meta.url).searchParams.get('file') as string, JSON.stringify(profile))
    return
  }
  session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.setSamplingInterval', { interval: 500 })
  await session.post('Profiler.start')
}

if (isMainThread) process.on('SIGUSR2', () => void toggle())
