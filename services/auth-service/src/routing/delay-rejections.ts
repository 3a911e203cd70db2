import { setTimeout as delay } from 'node:timers/promises'
import { OAuthError } from '@countersign/oauth'
import type { Middleware } from 'koa'
import { siteOf } from '../sign-in/networks.ts'
import { clientInfoOf } from './client-info.ts'

/** So many at once are not delayed. */
const promptPerNetwork = 4
const promptInAll = 16
/** Past this many at once, rejections are not delayed, so that memory stays bounded. */
const maxDelayed = 1000
const delayMs = 1000

/**
 * Delays a 429 or 503 by a second while there are many requests. Otherwise clients that repeat a rejected request at once
 * would take the processor from the requests that are served.
 */
export function delayRejections(): Middleware {
  const underWay = new Map<string, number>()
  let inAll = 0
  let delayed = 0

  return async function delayRejections(ctx, next) {
    const network = siteOf(clientInfoOf(ctx).address)
    add(network, 1)
    try {
      await next()
    } catch (error) {
      const isCrowded = (underWay.get(network) ?? 0) > promptPerNetwork || inAll > promptInAll
      if (isCrowded && isRejection(error) && delayed < maxDelayed) await pause()
      throw error
    } finally {
      add(network, -1)
    }
  }

  function add(network: string, change: number): void {
    inAll += change
    const count = (underWay.get(network) ?? 0) + change
    if (count > 0) underWay.set(network, count)
    else underWay.delete(network)
  }

  async function pause(): Promise<void> {
    delayed++
    await delay(delayMs)
    delayed--
  }
}

function isRejection(error: unknown): boolean {
  return error instanceof OAuthError && (error.status === 429 || error.status === 503)
}
