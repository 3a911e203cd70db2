/** The first reply of Redis also needs a connection, within the timeout of an open one. */
const attempts = 4

/** Repeats the first use of Redis by a command until it replies. @throws what the last attempt threw */
export async function firstResponse<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (attempt >= attempts) throw error
    }
  }
}
