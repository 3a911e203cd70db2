/**
 * Runs work with a signal that is aborted when the outer one is, or after so many milliseconds. Ends then in any case: a fetch that
 * does not heed its signal holds nobody up.
 *
 * @throws what the work throws, or the reason of the abort
 */
export async function runBounded<T>(
  { signal, milliseconds }: { signal: AbortSignal; milliseconds?: number },
  work: (abort: AbortController) => Promise<T>
): Promise<T> {
  if (signal.aborted) throw new Error('closed')
  const abort = new AbortController()
  const giveUp = () => abort.abort(new Error('closed'))
  signal.addEventListener('abort', giveUp, { once: true })
  const timer =
    milliseconds === undefined
      ? undefined
      : setTimeout(() => abort.abort(new Error(`no response within ${milliseconds} ms`)), milliseconds)
  const aborted = new Promise<never>((_, reject) => {
    abort.signal.addEventListener('abort', () => reject(abort.signal.reason), { once: true })
  })
  aborted.catch(() => {})
  const working = work(abort)
  working.catch(() => {})
  try {
    return await Promise.race([working, aborted])
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', giveUp)
    abort.abort(new Error('done'))
  }
}
