/** The services as real processes, a client of their APIs, and a look into their database. */
export * from './api-client.ts'
export * from './browser-client.ts'
export * from './database.ts'
export * from './load-request.ts'
export * from './oauth-client.ts'
export * from './query-plans.ts'
export * from './replays.ts'
export * from './trio.ts'
