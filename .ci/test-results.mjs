// test-results.mjs counts FILE     prints `passed failed skipped` of a run of the tests
// test-results.mjs failures FILE   prints what failed, with its errors
import { readFileSync } from 'node:fs'

const mostFailures = 20
const mostLines = 12

const [command, file] = process.argv.slice(2)
const { passed, failed, skipped, failures } = readResults()

if (command === 'counts') {
  console.log(`${passed} ${failed} ${skipped}`)
} else {
  for (const { name, errors } of failures.slice(0, mostFailures)) {
    console.log(`[ci] FAILED: ${name}`)
    for (const error of errors) console.log(error.split('\n').slice(0, mostLines).join('\n'))
  }
  if (failures.length > mostFailures) console.log(`[ci] and ${failures.length - mostFailures} other failures`)
}

function readResults() {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    console.error(`[ci] FAILED: no test results (${error.message})`)
    return { passed: 0, failed: 1, skipped: 0, failures: [] }
  }
}
