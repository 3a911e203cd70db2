import { writeFileSync } from 'node:fs'
import type { Reporter, SerializedError, TestModule } from 'vitest/node'

/** What `.ci/run` counts, and shows once more at its end: a failure early in a long run is out of sight by then. */
interface TestResults {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  readonly failures: readonly { readonly name: string; readonly errors: readonly string[] }[]
}

/** Writes the results of the whole run to a file, as JSON. */
export class ResultsReporter implements Reporter {
  readonly #file: string

  constructor(file: string) {
    this.#file = file
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    writeFileSync(this.#file, JSON.stringify(resultsOf(modules, unhandledErrors)))
  }
}

function resultsOf(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): TestResults {
  const tests = modules.flatMap((module) => [...module.children.allTests()])
  const inState = (state: string) => tests.filter((test) => test.result().state === state)
  const failedTests = inState('failed').map((test) => ({
    name: `${test.module.relativeModuleId} > ${test.fullName}`,
    errors: test.result().errors ?? []
  }))
  // What fails to load, or in a hook, has no test that failed: it would be lost in the totals.
  const brokenFiles = modules.flatMap((module) => {
    const errors = [module, ...module.children.allSuites()].flatMap((part) => part.errors())
    return errors.length === 0 ? [] : [{ name: module.relativeModuleId, errors }]
  })
  const outside = unhandledErrors.map((error) => ({
    name: `outside of the tests, while this ran: ${error.VITEST_TEST_PATH} ${error.VITEST_TEST_NAME ?? ''}`,
    errors: [error]
  }))
  const failures = [...failedTests, ...brokenFiles, ...outside]
  return {
    passed: inState('passed').length,
    failed: failures.length,
    skipped: inState('skipped').length,
    failures: failures.map(({ name, errors }) => ({ name, errors: errors.map(describeError) }))
  }
}

/** Without the frames of the test runner. */
function describeError({ stack, message, diff }: { stack?: string; message: string; diff?: string }): string {
  const lines = (stack ?? message).split('\n').filter((line) => !/^ +at .*\/node_modules\//.test(line))
  return [...lines, ...(diff?.split('\n') ?? [])].join('\n')
}
