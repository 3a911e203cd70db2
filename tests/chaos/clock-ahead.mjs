// Preloaded into a process (node --import), it sets the wall clock of that process ahead by CLOCK_AHEAD_SECONDS. Timers and
// the monotonic clock are unchanged, as on a machine whose clock is wrong.
const ahead = Number(process.env.CLOCK_AHEAD_SECONDS) * 1000
const now = Date.now
Date.now = () => now() + ahead
globalThis.Date = new Proxy(Date, {
  construct: (target, args, newTarget) =>
    Reflect.construct(target, args.length === 0 ? [target.now()] : args, newTarget)
})
