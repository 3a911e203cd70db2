import { setTimeout } from 'node:timers/promises'

/** Waits for a time, or until the signal is aborted. It never rejects, and does not keep the process alive. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await setTimeout(milliseconds, undefined, { signal, ref: false }).catch(() => {})
}
