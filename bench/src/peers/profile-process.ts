import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type CpuProfile, summariseProfile } from '../cpu-profile.ts'
import type { Profile } from '../suite.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))

/** The value of `NODE_OPTIONS` for a process to be profiled, and the profiling itself. */
export interface Profiler {
  readonly nodeOptions: string
  /** Profiles the event loop of a process during `work`; its other threads are not sampled. */
  profile(name: string, process: ChildProcess, work: () => Promise<unknown>): Promise<Profile>
  remove(): void
}

export function createProfiler(): Profiler {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-bench-'))
  const file = join(folder, 'service.cpuprofile')
  const preload = new URL('./profile-on-signal.js', import.meta.url)
  preload.searchParams.set('file', file)
  return {
    nodeOptions: `--import=${preload}`,
    async profile(name, child, work) {
      child.kill('SIGUSR2')
      await work()
      child.kill('SIGUSR2')
      const deadline = performance.now() + 20_000
      for (;;) {
        const profile = readProfile(file)
        if (profile) return summariseProfile(name, countingSamples(profile), root)
        if (performance.now() > deadline) throw new Error('the service wrote no profile')
        await delay(100)
      }
    },
    remove: () => rmSync(folder, { recursive: true, force: true })
  }
}

/** `undefined` while the file is not complete. */
function readProfile(file: string): CpuProfile | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as CpuProfile
  } catch {
    return undefined
  }
}

/** On a machine that is full, the sampler itself comes late: the time since the last sample says little about this one. */
function countingSamples(profile: CpuProfile): CpuProfile {
  return { ...profile, timeDeltas: profile.samples.map(() => 1) }
}
