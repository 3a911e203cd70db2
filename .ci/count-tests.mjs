// Prints `passed failed skipped` of a Vitest JSON report, and on standard error what failed outside a test.
import { readFileSync } from 'node:fs'

const [file] = process.argv.slice(2)

function readReport() {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    console.error(`[ci] FAILED: no test report (${error.message})`)
    return undefined
  }
}

const report = readReport()
if (report === undefined) {
  console.log('0 1 0')
} else {
  // A file that failed to load, or in a hook, is `failed` while none of its tests is: it would be lost in the totals.
  const brokenFiles = report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && !assertionResults.some((test) => test.status === 'failed')
  )
  for (const { name, message } of brokenFiles) console.error(`[ci] FAILED: ${name}: ${message}`)
  const failed = report.numFailedTests + brokenFiles.length
  const skipped = report.numPendingTests + report.numTodoTests
  console.log(`${report.numPassedTests} ${failed} ${skipped}`)
}
