import { createLogger } from '@countersign/service-kit'
import { expect, test, vi } from 'vitest'
import { createFirstTokens } from '../../../src/clients/first-tokens.ts'

const logger = createLogger({ service: 'test', level: 'silent' })
const orders = { id: 'orders', firstTokenAt: null }

function firstTokens(recordFirstToken: (id: string) => Promise<void>) {
  const record = vi.fn(recordFirstToken)
  return { record, tokens: createFirstTokens({ store: { recordFirstToken: record }, logger }) }
}

test('writes the first token of a client once, also while a cached client says that there is none', async () => {
  const { record, tokens } = firstTokens(async () => {})
  for (let i = 0; i < 3; i++) tokens.note(orders)
  tokens.note({ id: 'stock', firstTokenAt: null })
  await tokens.close()
  expect(record.mock.calls).toEqual([['orders'], ['stock']])
})

test('writes nothing for a client that has got a token before', async () => {
  const { record, tokens } = firstTokens(async () => {})
  tokens.note({ id: 'orders', firstTokenAt: new Date() })
  await tokens.close()
  expect(record).not.toHaveBeenCalled()
})

test('tries again at the next token when the write has failed', async () => {
  const { record, tokens } = firstTokens(async () => {
    throw new Error('the database is unavailable')
  })
  tokens.note(orders)
  await tokens.close()
  tokens.note(orders)
  await tokens.close()
  expect(record).toHaveBeenCalledTimes(2)
})
