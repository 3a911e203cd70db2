import { summariseProfile } from '../cpu-profile.ts'
import type { LoadPlan } from '../load/load-plan.ts'
import type { ServerProcess } from '../servers/server-process.ts'
import type { Measurement, Profile, SuiteContext } from '../suite.ts'
import { verdictOf } from '../suite-record.ts'
import { bareKoa, type Contestant, equalPeers, ours } from './contestants.ts'
import { root, type Stage } from './stage.ts'

/** What a server gets while it is profiled. */
export interface ProfilePlans {
  readonly warm: Omit<LoadPlan, 'origin'>
  readonly cold: Omit<LoadPlan, 'origin'>
}

/** Of one process each: always the cold path; the warm one, and its limit, when a goal was missed there. */
export async function takeProfiles(
  { load }: Stage,
  plans: ProfilePlans,
  servers: ReadonlyMap<Contestant, ServerProcess>,
  judged: readonly Measurement[],
  { progress }: SuiteContext
): Promise<Profile[]> {
  const take = async (contestant: Contestant, phase: keyof ProfilePlans) => {
    progress(`profile of ${contestant.name}, ${phase}`)
    const server = servers.get(contestant) as ServerProcess
    const profile = await server.profile(() => load.run({ ...plans[phase], origin: server.url }))
    return summariseProfile(`${contestant.name}, ${phase}`, profile, root)
  }
  const isShort = (phase: string) => judged.some((one) => one.name.startsWith(phase) && verdictOf(one) === 'short')
  const profiles = [await take(ours, 'cold')]
  if (isShort('cold')) for (const peer of equalPeers) profiles.push(await take(peer, 'cold'))
  if (isShort('warm')) profiles.push(await take(ours, 'warm'), await take(bareKoa, 'warm'))
  return profiles
}
