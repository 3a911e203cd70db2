import { describeError, type Logger } from '@countersign/service-kit'
import { LRUCache } from 'lru-cache'
import type { Client } from './client.ts'

/** Keeps when clients got their first tokens. */
export interface FirstTokenStore {
  /** Does nothing for a client that has got one before. */
  recordFirstToken(clientId: string): Promise<void>
}

export interface FirstTokensDeps {
  store: FirstTokenStore
  logger: Logger
}

/** Notes the first token of each client, in the background. */
export interface FirstTokens {
  /** Never waits; after the first token of a client it costs no statement. */
  note(client: Pick<Client, 'id' | 'firstTokenAt'>): void
  /** Waits for what is being written. */
  close(): Promise<void>
}

const maxClients = 10_000

export function createFirstTokens({ store, logger }: FirstTokensDeps): FirstTokens {
  // A cached client still says that it has got none.
  const noted = new LRUCache<string, true>({ max: maxClients })
  const writing = new Set<Promise<void>>()

  return {
    note({ id, firstTokenAt }) {
      if (firstTokenAt !== null || noted.has(id)) return
      noted.set(id, true)
      const write = record(id).finally(() => writing.delete(write))
      writing.add(write)
    },
    async close() {
      await Promise.all(writing)
    }
  }

  async function record(id: string): Promise<void> {
    try {
      await store.recordFirstToken(id)
    } catch (error) {
      noted.delete(id)
      logger.warn({ cause: describeError(error) }, 'first token of a client not recorded; its next token tries again')
    }
  }
}
