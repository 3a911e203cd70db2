/** Waits for work at most so long; then rejects. The work itself is not stopped. */
export async function withDeadline<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<never>((_, reject) => {
    const late = () => reject(new Error(`no response within ${milliseconds} ms`))
    // Timers run before sockets are read: after the process itself was held up, a reply may be waiting to be read.
    timer = setTimeout(() => setImmediate(late), milliseconds)
  })
  try {
    return await Promise.race([work, deadline])
  } finally {
    clearTimeout(timer)
  }
}
