/** The first answer of Redis also takes a connection, but within the timeout of an open one. */
const attempts = 4

/** Tries again until Redis has answered a command that has just begun to use it. @throws what the last attempt threw */
export async function firstAnswer<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (attempt >= attempts) throw error
    }
  }
}
