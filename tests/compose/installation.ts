import { setTimeout as delay } from 'node:timers/promises'
import { type Credentials, get, register, signIn, usedSecrets } from '@countersign/testing/trio'
import { expect } from 'vitest'
import type { ComposeProject } from './compose-project.ts'

/** How many resource-services run beside each other. */
export const replicas = 3

/** One installation that all suites of the run share, in the order of stack.test.ts. */
export interface Installation {
  readonly project: ComposeProject
  /** Someone who has signed up. */
  user: Credentials & { id: string }
  /** Where the replicas of the resource-service are. */
  resourceUrls: string[]
  /** The logs of containers that have been removed. */
  readonly earlierLogs: string[]
}

/** The command that docs/deployment.md gives for it. */
export async function readAdminPassword(project: ComposeProject): Promise<string> {
  const password = (await project.exec('auth-service', ['cat', '/run/countersign/issuer/admin-password'])).trim()
  usedSecrets.add(password)
  return password
}

export const newUser = (project: ComposeProject) => register(project.authUrl)

export const newSession = ({ project, user }: Installation) => signIn(project.authUrl, user)

/** How each replica responds to `GET /me`. */
export function askEveryReplica({ resourceUrls }: Installation, accessToken: string) {
  return Promise.all(resourceUrls.map((url) => get(`${url}/me`, accessToken)))
}

export async function statusesOfMe(installation: Installation, accessToken: string): Promise<number[]> {
  return (await askEveryReplica(installation, accessToken)).map(({ status }) => status)
}

export const everyReplica = (status: number) => Array.from({ length: replicas }, () => status)

/** One response, and when its request was sent (`performance.now()`). */
export interface Sample {
  askedAt: number
  status: number
}

/** Asks `GET /me` over and over until stopped, one question after the other. */
export async function sampleMe(url: string, accessToken: string, until: (sample: Sample) => boolean) {
  const samples: Sample[] = []
  for (;;) {
    const askedAt = performance.now()
    const { status } = await get(`${url}/me`, accessToken)
    const sample = { askedAt, status }
    samples.push(sample)
    if (until(sample)) return samples
    await delay(2)
  }
}

/** Waits until every replica responds to `GET /me` with this status. */
export async function waitForEveryReplica(installation: Installation, accessToken: string, status: number) {
  await expect
    .poll(() => statusesOfMe(installation, accessToken), { timeout: 20_000, interval: 100 })
    .toEqual(everyReplica(status))
}
