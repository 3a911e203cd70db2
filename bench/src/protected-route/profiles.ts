import { summariseProfile } from '../cpu-profile.ts'
import type { LoadPlan } from '../load/load-plan.ts'
import type { ServerProcess } from '../servers/server-process.ts'
import type { Measurement, Profile, SuiteContext } from '../suite.ts'
import { verdictOf } from '../suite-record.ts'
import { type Contestant, equalPeers, fastify, koa, ours } from './contestants.ts'
import { root, type Stage } from './stage.ts'

/** What a server gets while it is profiled. */
export interface ProfilePlans {
  readonly warm: Omit<LoadPlan, 'origin'>
  readonly cold: Omit<LoadPlan, 'origin'>
}

/** Profiles one process each: always the cold path; the warm one, and its limit, on the frameworks where a goal was missed. */
export async function takeProfiles(
  { load }: Stage,
  plans: ProfilePlans,
  servers: ReadonlyMap<Contestant, ServerProcess>,
  compared: readonly Measurement[],
  { progress }: SuiteContext
): Promise<Profile[]> {
  const take = async (contestant: Contestant, phase: keyof ProfilePlans) => {
    progress(`profile of ${contestant.name}, ${phase}`)
    const server = servers.get(contestant) as ServerProcess
    const profile = await server.profile(() => load.run({ ...plans[phase], origin: server.url }))
    return summariseProfile(`${contestant.name}, ${phase}`, profile, root)
  }
  const isShort = (phase: string) => compared.some((one) => one.name.startsWith(phase) && verdictOf(one) === 'short')
  const profiles = [await take(ours, 'cold')]
  if (isShort('cold')) for (const peer of equalPeers) profiles.push(await take(peer, 'cold'))
  for (const stand of [koa, fastify]) {
    if (!isShort(`warm: processor time of ${stand.ours.name}`)) continue
    profiles.push(await take(stand.ours, 'warm'), await take(stand.bare, 'warm'))
  }
  return profiles
}
