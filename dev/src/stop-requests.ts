/** The reasons to stop the stack: a signal, or the end of the npm that started it. */
import { findProcess } from './processes.ts'

/** npm passes on the signal that the terminal has already sent us; two within this time are one Ctrl-C. */
const echoWithinMs = 1_000

/** Calls `onStop` at the first SIGINT, SIGTERM or SIGHUP, and `onHurry` when another follows. */
export function watchSignals(onStop: () => void, onHurry: () => void): void {
  let firstAt: number | undefined
  const onSignal = () => {
    if (firstAt === undefined) {
      firstAt = Date.now()
      onStop()
    } else if (Date.now() - firstAt > echoWithinMs) onHurry()
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal)
}

/**
 * Calls `onGone` when the npm that started us is gone: a killed npm passes nothing on, and we would stay behind.
 * Between npm and us there may be a shell, which outlives npm.
 */
export async function watchParent(onGone: () => void): Promise<void> {
  const parentPid = process.ppid
  const parent = await findProcess(parentPid)
  const isShell = /^(\S*\/)?(sh|bash|dash|ksh|zsh)(\s|$)/.test(parent?.command ?? '')
  const npmPid = isShell && parent ? parent.parentPid : parentPid
  const timer = setInterval(() => {
    if (process.ppid === parentPid && isRunning(npmPid)) return
    clearInterval(timer)
    onGone()
  }, 1_000)
  timer.unref()
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
