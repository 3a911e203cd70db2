/** What the global set-up hands to every integration test, by `inject`. */
declare module 'vitest' {
  export interface ProvidedContext {
    /** The connection string of a superuser, for the database `postgres`. */
    postgresUrl: string
    /** A Redis shared by the whole run; absent where Docker is not available. */
    redisUrl: string | undefined
    /** Whether Docker is available, so that containers can be started. */
    docker: boolean
    /** A folder of integration tests for what several files use; it is empty when a run begins. */
    runFolder: string
  }
}

/** The database that every test database is copied from. */
export const templateDatabase = 'countersign_template'
