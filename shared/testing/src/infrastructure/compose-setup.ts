import type { TestProject } from 'vitest/node'
import { findDockerWith } from './docker.ts'
import './provided.ts'
import { readTestEnvironment } from './test-environment.ts'

/** The global set-up of the suites that run the project's own images: checks whether they can run. */
export default async function setUpCompose(project: TestProject): Promise<void> {
  const { postgresImage, redisImage, nodeImage } = readTestEnvironment()
  const log = (line: string) => project.vitest.logger.log(line)
  const docker = await findDockerWith([postgresImage, redisImage, nodeImage], log)
  if (!docker.isAvailable) log(`Left out: tests/compose (${docker.reason}).`)
  project.provide('docker', docker.isAvailable)
}
