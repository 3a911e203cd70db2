import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { findDocker } from './shared/testing/src/infrastructure/docker.ts'
import { LongestFirst } from './shared/testing/src/infrastructure/longest-first.ts'
import { isMachineBusy } from './shared/testing/src/infrastructure/other-work.ts'
import { ResultsReporter } from './shared/testing/src/infrastructure/results-reporter.ts'
import { readTestEnvironment } from './shared/testing/src/infrastructure/test-environment.ts'

const infrastructure = (file: string) =>
  fileURLToPath(new URL(`shared/testing/src/infrastructure/${file}`, import.meta.url))

const { requiresDocker, resultsFile } = readTestEnvironment()
const docker = await findDocker()

// Workspace packages resolve to their sources, so that tests never see a stale build.
const conditions = ['@countersign/source']
const resolve = { conditions: [...conditions, 'module', 'node', 'development|production'] }
const ssr = { resolve: { conditions: [...conditions, 'module', 'node', 'development|production'] } }
const exclude = ['**/node_modules/**', '**/dist/**', '**/bundle/**']

/**
 * Side by side, since each file has a database of its own. Many wait most of their time, so that three files keep two cores busy; where
 * other work leaves less, what has to happen within a certain time needs it.
 */
const besideOthers = {
  maxWorkers: (await isMachineBusy()) ? 2 : 3,
  // Starting a process and its imports for each file takes minutes: a test restores whatever it replaces.
  isolate: false,
  setupFiles: [infrastructure('forget-secrets.ts')],
  sequence: { groupOrder: 1 },
  testTimeout: 60_000,
  hookTimeout: 120_000,
  teardownTimeout: 60_000,
  // What has to happen within a certain time names it.
  expect: { poll: { timeout: 20_000 } }
}

const unit = {
  resolve,
  ssr,
  test: {
    name: 'unit',
    include: ['**/test/unit/**/*.test.ts', 'tests/unit/**/*.test.ts'],
    exclude,
    setupFiles: [infrastructure('network-guard.ts')],
    // Half of their time is imports, which the files share this way: a test restores whatever it replaces.
    isolate: false,
    testTimeout: 30_000,
    sequence: { groupOrder: 0 }
  }
}
const integration = {
  resolve,
  ssr,
  test: {
    name: 'integration',
    include: ['**/test/contract/**/*.test.ts', 'tests/{integration,interop,chaos,browser,package}/**/*.test.ts'],
    exclude,
    globalSetup: [infrastructure('global-setup.ts')],
    ...besideOthers
  }
}
const compose = {
  resolve,
  ssr,
  test: {
    name: 'compose',
    include: ['tests/compose/**/*.test.ts'],
    exclude,
    globalSetup: [infrastructure('compose-setup.ts')],
    ...besideOthers
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: docker.isAvailable || requiresDocker ? [unit, integration, compose] : [unit, integration],
    reporters: resultsFile === undefined ? ['default'] : ['default', new ResultsReporter(resultsFile)]
  }
})
