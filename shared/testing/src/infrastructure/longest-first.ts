import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Files and their seconds on two quiet cores, in the order in which they start. */
type Order = Readonly<Record<string, number>>

/** What keeps a core busy. Beside the builds of Compose there is neither chaos, whose bounds are short, nor a browser, which needs much of a core. */
const busy: Order = {
  'package/frameworks': 47,
  'integration/npm-start': 47,
  'integration/signing-keys': 37,
  'integration/provider-sign-in': 26,
  'interop/token-confusion': 24,
  'integration/growth': 23,
  'integration/command-line': 22,
  'integration/account-mail': 22,
  'integration/sign-in-limits': 19,
  'integration/second-factors': 18,
  'integration/mail-sign-in': 17,
  'chaos/crash-points': 124,
  'chaos/feed-faults': 92,
  'browser/authorize': 46,
  'browser/passkeys': 44,
  'browser/providers': 42,
  'browser/languages': 38,
  'chaos/key-rotation': 35,
  'chaos/rolling-restart': 34,
  'browser/account-mail': 33,
  'chaos/upgrade': 33,
  'browser/accessibility': 32,
  'browser/engines': 31,
  'browser/forms': 30,
  'interop/relying-parties': 28,
  'browser/client-kinds': 26,
  'browser/administration': 22,
  'browser/mail-sign-in': 21,
  'browser/apis-and-roles': 20,
  'chaos/session-schedules': 19
}
/** What waits most of its time, for a token to expire or a fault to be noticed. */
const waiting: Order = {
  'compose/stack': 210,
  'integration/browser-sessions': 66,
  'integration/browser-proxy': 49,
  'chaos/database-faults': 48,
  'chaos/issuer-feed-faults': 51,
  'integration/back-channel-logout': 39,
  'browser/step-up': 39,
  'contract/revocation-feed': 39,
  'contract/issuer-feed': 35,
  'chaos/refused-writes': 35,
  'contract/redis-connection': 32,
  'integration/schema-contract': 31,
  'integration/activity': 30,
  'integration/mail-delivery': 30,
  'browser/parallel-requests': 27,
  'contract/redis-revocation-format': 27,
  'interop/python-follower': 24,
  'integration/outages': 23,
  'integration/outbound-addresses': 22
}
/** What any other file takes, about. */
const otherSeconds = 6

/**
 * Starts the long files early, since one that began last would end alone, and deals out those that wait: with one of them under way
 * at a time, the two beside it have a core each.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(specifications: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(specifications)
    const groups = [...new Set(sorted.map(groupOf))].toSorted((a, b) => a - b)
    return groups.flatMap((group) => {
      const files = sorted.filter((one) => groupOf(one) === group)
      const waits = files.filter((one) => nameIn(waiting, one) !== undefined).toSorted(inOrderOf(waiting))
      const others = files.filter((one) => nameIn(waiting, one) === undefined).toSorted(inOrderOf(busy))
      return dealOut(waits, others)
    })
  }
}

/** Groups run one after the other. */
const groupOf = ({ project }: TestSpecification) => project.config.sequence.groupOrder

/** A file that waits as soon as two that do not have taken as long as those that wait. */
function dealOut(waits: TestSpecification[], others: TestSpecification[]): TestSpecification[] {
  const [waitLeft, othersLeft] = [[...waits], [...others]]
  const dealt: TestSpecification[] = []
  let [waited, worked] = [0, 0]
  for (;;) {
    const next = waited <= worked / 2 || othersLeft.length === 0 ? waitLeft.shift() : undefined
    const one = next ?? othersLeft.shift()
    if (!one) return dealt
    dealt.push(one)
    if (next) waited += secondsIn(waiting, next)
    else worked += secondsIn(busy, one)
  }
}

const nameIn = (order: Order, { moduleId }: TestSpecification) =>
  Object.keys(order).find((name) => moduleId.endsWith(`/${name}.test.ts`))

function secondsIn(order: Order, specification: TestSpecification): number {
  return order[nameIn(order, specification) ?? ''] ?? otherSeconds
}

function inOrderOf(order: Order) {
  const names = Object.keys(order)
  const rank = (one: TestSpecification) => {
    const at = names.indexOf(nameIn(order, one) ?? '')
    return at < 0 ? names.length : at
  }
  return (a: TestSpecification, b: TestSpecification) => rank(a) - rank(b)
}
