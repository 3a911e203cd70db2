import { describeError, type Logger } from '@countersign/service-kit'
import { encodeCurrent } from './feed-events.ts'
import { createFeedLog, type FeedLog } from './feed-log.ts'
import { DatabaseReplacedError, type FeedPosition, type FeedSource } from './feed-source.ts'

export interface FeedReaderDeps {
  readonly source: FeedSource
  readonly logger: Logger
  /** This process' monotonic clock, in milliseconds. */
  monotonic(): number
  /** Called when there is something to send. */
  onAdvance(): void
  /** Called when the log begins again, since the database was replaced or could not be read to the end. */
  onRestart(): void
}

/** Reads the committed entries once for all streams. */
export interface FeedReader {
  /** What the streams send, in order. */
  readonly log: FeedLog
  /** The incarnation of the database that the log is of; `undefined` while it has not been read to the end. */
  readonly incarnation: string | undefined
  /** The newest confirmation that the log is complete; `undefined` while it is not. */
  readonly confirmation: Buffer | undefined
  /** Begins to read. */
  start(): void
  /** Stops reading, and forgets what was read. */
  stop(): void
  /** Something was probably committed: it is looked for at once. */
  kick(): void
}

/** Revocations of this replica, and of others that share its Redis, kick the reader; this is for all the others. */
const pollMs = 100
/** While kicks come all the time, what was committed within this is read together. A single one waits for nothing. */
const gatherMs = 5
const confirmEveryMs = 1000
const retryMs = 500

/** Makes a reader that reads nothing yet. */
export function createFeedReader(deps: FeedReaderDeps): FeedReader {
  const { source, logger, monotonic } = deps
  let log = createFeedLog()
  let position: FeedPosition | undefined
  let confirmation: Buffer | undefined
  let confirmedAt = Number.NEGATIVE_INFINITY
  /** When a kick was followed last. */
  let followedAt = Number.NEGATIVE_INFINITY
  let timer: NodeJS.Timeout | undefined
  /** Counts the starts, so that a reading of an earlier one changes nothing. */
  let run = 0
  let isRunning = false
  let isReading = false
  let isKicked = false
  let isFailing = false

  const forget = () => {
    log = createFeedLog()
    position = undefined
    confirmation = undefined
    confirmedAt = Number.NEGATIVE_INFINITY
  }
  const schedule = (milliseconds: number) => {
    clearTimeout(timer)
    timer = setTimeout(() => void read(), milliseconds)
    timer.unref()
  }
  const follow = () => {
    isKicked = true
    if (isReading) return
    const waitMs = gatherMs - (monotonic() - followedAt)
    // A timer of 0 ms fires after 1.
    if (waitMs > 0) schedule(waitMs)
    else void read()
  }

  async function read(): Promise<void> {
    if (isReading || !isRunning) return
    isReading = true
    if (isKicked) followedAt = monotonic()
    isKicked = false
    const ofRun = run
    try {
      await readOnce(ofRun)
    } finally {
      isReading = false
    }
    if (!isRunning) return
    if (ofRun !== run) schedule(0)
    else if (isFailing) schedule(retryMs)
    else if (isKicked) follow()
    else schedule(pollMs)
  }

  async function readOnce(ofRun: number): Promise<void> {
    // Before the statement is sent: what is committed while it runs may be missing from its result.
    const reading = monotonic()
    const target = log
    const take = (entries: Parameters<FeedLog['append']>[0]) => {
      if (ofRun !== run || entries.length === 0) return
      target.append(entries, reading)
      deps.onAdvance()
    }
    try {
      const next = await (position ? source.readSince(position, take) : source.readAll(take))
      if (ofRun === run) advanceTo(next, reading)
    } catch (error) {
      if (ofRun === run) fail(error)
    }
  }

  function advanceTo(next: FeedPosition, reading: number): void {
    if (isFailing) logger.info('the revocation feed reads the database again')
    isFailing = false
    position = next
    const readAt = monotonic()
    if (readAt - confirmedAt < confirmEveryMs - gatherMs) return
    confirmedAt = readAt
    confirmation = encodeCurrent(next, reading)
    log.compact(next.now)
    deps.onAdvance()
  }

  function fail(error: unknown): void {
    // Nothing is confirmed to a stream that is opened while the database is unavailable.
    confirmation = undefined
    confirmedAt = Number.NEGATIVE_INFINITY
    if (error instanceof DatabaseReplacedError) {
      beginAgain()
      return
    }
    if (!isFailing) logger.warn({ cause: describeError(error) }, 'the revocation feed cannot read the database')
    isFailing = true
    // Half of a log is never continued.
    if (position === undefined) restart()
  }

  function beginAgain(): void {
    logger.info('the database was restarted or replaced: all revocations are read again')
    isFailing = false
    isKicked = true
    restart()
  }

  function restart(): void {
    forget()
    deps.onRestart()
  }

  return {
    get log() {
      return log
    },
    get incarnation() {
      return position?.incarnation
    },
    get confirmation() {
      return confirmation
    },
    start() {
      if (isRunning) return
      isRunning = true
      run += 1
      isFailing = false
      schedule(0)
    },
    stop() {
      isRunning = false
      run += 1
      clearTimeout(timer)
      forget()
    },
    kick() {
      if (isRunning && !isFailing) follow()
    }
  }
}
