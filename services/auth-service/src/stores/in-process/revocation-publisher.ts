import type { InProcessRevocationLog } from '@countersign/verifier/in-process'
import type { RevocationPublisher } from '../../revocation/revocation-publisher.ts'

/** Publishes onto a log in this process, for a stack without Redis. */
export function createInProcessRevocationPublisher(log: InProcessRevocationLog): RevocationPublisher {
  return {
    async publish(entries) {
      log.append(entries)
    },
    async isIntact() {
      return log.isComplete
    },
    async rebuild(batches) {
      const { flushes } = log
      for await (const entries of batches) log.append(entries)
      if (log.flushes !== flushes) throw new Error('the log was flushed during the rebuild')
      log.complete()
    },
    async confirmPublished() {}, // the log has one publisher, which is in the same process
    async reportBacklog() {}, // the log takes every entry
    // It knows of no earlier incarnation of the database.
    readDatabaseMemory: async () => ({ isHeld: false, decision: undefined, lastPublished: [] }),
    holdDatabase: async () => true,
    async acceptDatabase() {},
    async trim() {}, // the log prunes itself
    async close() {}
  }
}
