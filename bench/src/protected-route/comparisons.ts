import type { Measurement } from '../suite.ts'
import { bareKoa, bareKoaAgain, equalPeers, joseRedis, ours, type Stand, stands } from './contestants.ts'
import { compareProcessorTime, compareSpeed, fastest, type Results } from './rounds.ts'

/** The goals for tokens that were seen before, on every framework, and the A/A line. */
export function compareWarm(phase: string, results: Results): Measurement[] {
  return [
    ...stands.flatMap((stand) => compareStand(phase, results, stand)),
    { ...compareProcessorTime(phase, results, bareKoa, bareKoaAgain), isNoise: true }
  ]
}

function compareStand(phase: string, results: Results, { ours, bare, peers, goal }: Stand): Measurement[] {
  return [
    compareProcessorTime(phase, results, ours, bare, goal),
    ...peers.map((peer) => compareProcessorTime(phase, results, ours, peer, { atMost: peer === joseRedis ? 0.5 : 1 }))
  ]
}

/** Compares several processes: ours on Koa against what checks as much, and against nothing. */
export function compareWarmCluster(phase: string, results: Results): Measurement[] {
  return [
    compareProcessorTime(phase, results, ours, bareKoa),
    ...equalPeers.map((peer) => compareProcessorTime(phase, results, ours, peer, { atMost: 1 }))
  ]
}

/** The goal is for the best of those that check as much. */
export function compareCold(phase: string, results: Results): Measurement[] {
  const best = fastest(results, equalPeers)
  return [best, ...equalPeers.filter((peer) => peer !== best), bareKoa].map((other) =>
    compareSpeed(phase, results, ours, other, other === best ? { atLeast: 1.5 } : undefined)
  )
}
