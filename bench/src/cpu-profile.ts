import type { Profile } from './suite.ts'

/** The part of V8's sampling profile that is needed here. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  }[]
  /** The node that was on top of the stack at each sample. */
  readonly samples: readonly number[]
  /** Microseconds before each sample. */
  readonly timeDeltas: readonly number[]
}

/** Not work of the program: waiting, and the call that starts and stops the profiler. */
const ignored = ['(idle)', '(root)', 'dispatch (native)']

/** The functions with the most time of their own, without what they called; idle time is left out. */
export function summariseProfile(name: string, profile: CpuProfile, root: string, count = 12): Profile {
  const places = new Map(profile.nodes.map(({ id, callFrame }) => [id, describePlace(callFrame, root)]))
  const micros = new Map<string, number>()
  let total = 0
  for (const [i, id] of profile.samples.entries()) {
    const place = places.get(id) ?? '(unknown)'
    if (ignored.includes(place)) continue
    const delta = profile.timeDeltas[i] ?? 0
    total += delta
    micros.set(place, (micros.get(place) ?? 0) + delta)
  }
  const functions = [...micros]
    .map(([where, time]) => ({ where, share: total === 0 ? 0 : Number((time / total).toFixed(4)) }))
    .sort((a, b) => b.share - a.share)
    .slice(0, count)
  return { name, functions }
}

/** A function with its file as readers know it: inside its package, or relative to the project. */
function describePlace({ functionName, url }: CpuProfile['nodes'][number]['callFrame'], root: string): string {
  const name = functionName || '(anonymous)'
  if (url === '') return name.startsWith('(') ? name : `${name} (native)`
  const file = url.startsWith('file:') ? url.slice('file://'.length) : url
  const inPackage = file.split('/node_modules/').at(-1) as string
  return `${name} (${inPackage === file ? file.replace(root, '') : inPackage})`
}
