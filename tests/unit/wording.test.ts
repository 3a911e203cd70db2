import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { filesIn } from './files-in.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Not ours to word, generated, what changed names, or a list of what this test looks for. */
const exempt =
  /^(docs\/verifier-api\/|(.*\/)?CHANGELOG\.md$|package-lock\.json$|(.*\/)?LICENSE$|tests\/unit\/wording\.test\.ts$)/
const isText = /\.(ts|tsx|mjs|js|json|md|sh|yml|yaml|sql|prisma|css|html|py|conf)$|(^|\/)[^.]+$/

/** What installation, build and start make. */
const isMade =
  /^(node_modules|dist|bundle|generated|test-results|isolate-.*|\.git|\.countersign|.*\.(tsbuildinfo|tgz))$/

/** Words of another language than plain English, and former names of things that have the field's usual name now. */
const words = [
  'whoever',
  'whom',
  'anew',
  'vouch',
  'vouches',
  'vouching',
  'carrier',
  'carriers',
  'recall',
  'hot-statements',
  'HotStatements',
  'OperatorParts',
  'Surroundings',
  'RequestOrigin',
  'BrowserOrigin',
  'shared-refreshes',
  'remembered-clients',
  'remembered-tokens',
  'waiting-lookups',
  'fetch-pace',
  'key-set-record',
  'issuer-patience',
  'grant-limits',
  'ProvenKey',
  'httpAnswerTo',
  'KeyRing',
  'RevocationCarrier',
  'openStage',
  'BrowserSessions',
  'SealedSessions',
  'sealed-sessions',
  'session-sealing',
  'good no more',
  'to be had',
  'gathered-rotations',
  'ways-in',
  'RouteStatement',
  'speak for',
  'speaks for',
  'is there twice',
  ', expected is',
  'is good for',
  'are good',
  'told so',
  'judges',
  'judgment',
  'judgement'
]

const files = filesIn(root, isMade)
  .map((path) => relative(root, path))
  .filter((path) => isText.test(path) && !exempt.test(path))
const texts = files.map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))

describe('the words that docs/decisions and CONTRIBUTING have settled', () => {
  test.each(words)('nothing says “%s”', (word) => {
    const pattern = new RegExp(`(?<![\\w-])${word}(?![\\w-])`, 'i')
    const found = texts.flatMap(({ path, text }) =>
      text.split('\n').flatMap((line, at) => (pattern.test(line) ? [`${path}:${at + 1}`] : []))
    )
    expect([...files.filter((path) => pattern.test(path)), ...found]).toEqual([])
  })
})
