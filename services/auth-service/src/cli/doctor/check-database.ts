/** Database and master key, and whether the running issuer works on this very database. */
import { SealedKeyError } from '../../keys/key-sealing.ts'
import type { StoredKeys } from '../../keys/signing-key-store.ts'
import { toFailure } from '../failures.ts'
import { compareClock, type Finding, findingsOf } from './finding.ts'

export interface DatabaseUnderCheck {
  /** @throws when the database cannot be queried, or has another version */
  listKeys(): Promise<StoredKeys>
  /** @throws {SealedKeyError} when the keys are sealed under another master key */
  readonly requireMasterKey: (() => Promise<void>) | undefined
}

/** @param publishedKids the kids that the issuer publishes */
export async function checkDatabase(
  { listKeys, requireMasterKey }: DatabaseUnderCheck,
  publishedKids: readonly string[] | undefined
): Promise<Finding[]> {
  const database = findingsOf('database')
  const askedAt = Date.now()
  let stored: StoredKeys
  try {
    stored = await listKeys()
  } catch (error) {
    return [database.failed(toFailure(error).description)]
  }
  const clock = compareClock('database_clock', 'the database', stored.now.getTime(), (askedAt + Date.now()) / 2)
  const signing = stored.keys.find(({ state }) => state === 'signing')
  if (signing === undefined) {
    return [database.warning('The database holds no key that signs: no auth-service has started on it yet.'), clock]
  }
  const findings = [database.ok('The database responds, and has the schema of this version.'), clock]
  if (publishedKids !== undefined && !publishedKids.includes(signing.kid)) {
    const text = `The issuer does not publish the signing key of the database (${signing.kid}): it works on another database.`
    findings.push(findingsOf('same_database').failed(text))
  }
  return [...findings, await checkMasterKey(requireMasterKey)]
}

async function checkMasterKey(requireMasterKey: (() => Promise<void>) | undefined): Promise<Finding> {
  const masterKey = findingsOf('master_key')
  if (!requireMasterKey) return masterKey.skipped('There is no COUNTERSIGN_MASTER_KEY.')
  try {
    await requireMasterKey()
    return masterKey.ok('COUNTERSIGN_MASTER_KEY opens the signing keys.')
  } catch (error) {
    if (!(error instanceof SealedKeyError)) return masterKey.failed(toFailure(error).description)
    return masterKey.failed('COUNTERSIGN_MASTER_KEY does not open the signing keys: they are sealed under another one.')
  }
}
