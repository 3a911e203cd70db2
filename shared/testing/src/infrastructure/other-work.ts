import { cpus } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'

/** The time of all processors so far, in milliseconds. */
function processorTimes(): { busy: number; all: number } {
  const times = cpus().map((cpu) => cpu.times)
  const all = times.flatMap((time) => Object.values(time)).reduce((sum, time) => sum + time, 0)
  return { busy: all - times.reduce((sum, { idle }) => sum + idle, 0), all }
}

/** Whether other work takes more than half of the machine, as measured in a second in which this process waits. */
export async function isMachineBusy(): Promise<boolean> {
  const before = processorTimes()
  await delay(1000)
  const after = processorTimes()
  return (after.busy - before.busy) / (after.all - before.all) > 0.5
}
