import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describeCommandLine } from './command-line.ts'
import { type ComposeProject, createComposeProject } from './compose-project.ts'
import { describeContainers } from './containers.ts'
import { type Installation, newUser, replicas } from './installation.ts'
import { describeInstallationFile } from './installation-file.ts'
import { describeLogs } from './logs.ts'
import { describeMainJob } from './main-job.ts'
import { describeOutages } from './outages.ts'
import { describeRestore } from './restore.ts'
import { describeSecondStart } from './second-start.ts'
import { describeSecrets } from './secrets.ts'
import { describeYourApp } from './your-app.ts'

// The first build installs all packages.
const buildTimeout = 15 * 60_000

describe('docker compose up', () => {
  let project: ComposeProject
  let installation: Installation

  beforeAll(async () => {
    project = await createComposeProject()
    await project.compose('build', '--progress', 'plain')
    await project.compose('up', '--wait', '--scale', `resource-service=${replicas}`)
    installation = {
      project,
      user: await newUser(project),
      resourceUrls: await project.resourceUrls(replicas),
      earlierLogs: []
    }
  }, buildTimeout)

  afterAll(() => project?.remove(), 120_000)

  describeMainJob(() => installation)
  describeCommandLine(() => installation)
  describeInstallationFile(() => installation)
  describeContainers(() => installation)
  describeOutages(() => installation)
  describeSecondStart(() => installation)
  describeYourApp(() => installation)
  describeSecrets(() => installation)
  describeRestore(() => installation)
  describeLogs(() => installation)

  test('down -v removes everything', async () => {
    expect((await project.listRemains()).length).toBeGreaterThan(10)
    await project.compose('down', '--volumes')
    expect(await project.listRemains()).toEqual([])
  }, 60_000)
})
