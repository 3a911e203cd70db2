import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type CpuProfile, summariseProfile } from '../cpu-profile.ts'
import { root } from '../protected-route/stage.ts'
import { interleave, type Outcome, type SuiteContext } from '../suite.ts'
import { compareSizes, name, withProfiles } from './compare-sizes.ts'

interface Side {
  readonly size: number
  readonly child: ChildProcess
}

/** `verifier.verify` of a cached token only, each size in a separate process. */
export async function measureVerify({ isQuick, progress }: SuiteContext, sizes: readonly number[]): Promise<Outcome> {
  const rounds = isQuick ? 2 : 25
  progress(`verify alone: ${rounds} rounds`)
  const sides: Side[] = []
  try {
    for (const size of sizes) sides.push(await start(size))
    const found = await interleave(sides, rounds + 1, async ({ child }) => {
      const { nanoseconds } = await ask<{ nanoseconds: number }>(child, 'measure')
      return nanoseconds
    })
    const samples = sides.map((side) => [side.size, (found.get(side) ?? []).slice(1)] as const)
    const measurements = compareSizes('time of `verify` alone', 'median_ns', new Map(samples))
    return await withProfiles(measurements, [sides[0], sides.at(-1)] as Side[], async ({ size, child }) => {
      const { profile } = await ask<{ profile: CpuProfile }>(child, 'profile')
      return summariseProfile(`\`verify\` at ${name(size)}`, profile, root)
    })
  } finally {
    for (const { child } of sides) if (child.connected) child.disconnect()
  }
}

async function start(size: number): Promise<Side> {
  const script = fileURLToPath(new URL('verify-cost.js', import.meta.url))
  const child = fork(script, [String(size)], { execArgv: ['--expose-gc', '--max-old-space-size=4096'] })
  await responseOf(child)
  return { size, child }
}

function ask<T>(child: ChildProcess, question: string): Promise<T> {
  const response = responseOf(child)
  child.send(question)
  return response as Promise<T>
}

/** The next message; rejects when the process ends instead, or is silent for two minutes. */
async function responseOf(child: ChildProcess): Promise<unknown> {
  const waiting = new AbortController()
  const { signal } = waiting
  const timeout = AbortSignal.any([signal, AbortSignal.timeout(120_000)])
  const gone = once(child, 'exit', { signal: timeout }).then(([code]) => {
    throw new Error(`a verifying process ended with ${code}`)
  })
  try {
    const [message] = (await Promise.race([once(child, 'message', { signal: timeout }), gone])) as [unknown]
    return message
  } finally {
    gone.catch(() => {})
    waiting.abort()
  }
}
