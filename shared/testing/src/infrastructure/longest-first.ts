import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** What takes longer than a minute: the longest first, and beside the builds of Compose no chaos, whose bounds are short. */
const longest = [
  'compose/stack',
  'package/frameworks',
  'integration/npm-start',
  'chaos/crash-points',
  'chaos/feed-faults',
  'browser/accessibility',
  'browser/authorize',
  'interop/relying-parties',
  'integration/browser-sessions',
  'browser/forms',
  'chaos/key-rotation',
  'browser/account',
  'chaos/rolling-restart',
  'integration/signing-keys',
  'chaos/database-faults',
  'chaos/issuer-feed-faults',
  'browser/engines',
  'browser/tabs',
  'chaos/session-schedules',
  'browser/administration',
  'browser/ended-session'
]

/** Runs the longest files of a group first: one that began last would end alone. */
export class LongestFirst extends BaseSequencer {
  override async sort(specifications: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(specifications)
    const rank = ({ moduleId }: TestSpecification) => {
      const at = longest.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`))
      return at < 0 ? longest.length : at
    }
    return sorted.toSorted((a, b) => groupOf(a) - groupOf(b) || rank(a) - rank(b))
  }
}

const groupOf = ({ project }: TestSpecification) => project.config.sequence.groupOrder
