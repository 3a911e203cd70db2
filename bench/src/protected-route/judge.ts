import type { Measurement } from '../suite.ts'
import { bareKoa, equalPeers, joseRedis, ours, peers } from './contestants.ts'
import { compareSpeed, fastest, type Results } from './rounds.ts'

/** The goals for tokens that were seen before. */
export function judgeWarm(phase: string, results: Results): Measurement[] {
  return [
    compareSpeed(phase, results, ours, bareKoa, { atLeast: 0.95 }),
    ...peers.map((peer) => compareSpeed(phase, results, ours, peer, { atLeast: peer === joseRedis ? 2 : 1 }))
  ]
}

/** The goal is for the best of those that check as much. */
export function judgeCold(phase: string, results: Results): Measurement[] {
  const best = fastest(results, equalPeers)
  return [best, ...peers.filter((peer) => peer !== best), bareKoa].map((other) =>
    compareSpeed(phase, results, ours, other, other === best ? { atLeast: 1.5 } : undefined)
  )
}
