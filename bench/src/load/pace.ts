/** One connection that is free or not. */
export interface Lane {
  /** Sends its next request, and calls back when the response is complete. */
  send(onResponse: () => void): void
}

/**
 * A request is due at fixed times; with no lane free it waits, and that counts. Measured from the sending, a server that
 * stands still for a second would show in one request instead of in all that were due in it.
 */
export function pace(lanes: readonly Lane[], perSecond: number, milliseconds: number): Promise<number[]> {
  const free = [...lanes]
  const waiting: number[] = []
  const latencies: number[] = []
  const count = Math.floor((perSecond * milliseconds) / 1000)
  const interval = 1000 / perSecond
  const begin = performance.now()
  return new Promise((resolve) => {
    const dispatch = () => {
      while (free.length > 0 && waiting.length > 0) {
        const lane = free.shift() as Lane
        const due = waiting.shift() as number
        lane.send(() => {
          latencies.push(performance.now() - due)
          free.push(lane)
          if (latencies.length === count) return resolve(latencies)
          dispatch()
        })
      }
    }
    let scheduled = 0
    const tick = () => {
      const now = performance.now()
      while (scheduled < count && begin + scheduled * interval <= now) {
        waiting.push(begin + scheduled * interval)
        scheduled++
      }
      dispatch()
      if (scheduled < count) setTimeout(tick, begin + scheduled * interval - performance.now())
    }
    tick()
  })
}
