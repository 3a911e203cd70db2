/** Infrastructure for integration tests: databases, Redis, and networks that fail on demand. */
export { findChromium, findFirefox, findWebKit, type WebKitPaths } from './browsers.ts'
export { executeAlone, openTestPool } from './database-connections.ts'
export type { Exchange, FaultProxy, Interception, Moment, Sent } from './fault-proxy.ts'
export { findLastingPort } from './lasting-port.ts'
export { type PostgresContainer, startPostgresContainer } from './postgres-container.ts'
export { connecting, type PostgresExchange, type PostgresFaults, startPostgresFaults } from './postgres-faults.ts'
export { type PostgresRecorder, startPostgresRecorder } from './postgres-recorder.ts'
export type {} from './provided.ts'
export { type RedisContainer, type RedisContainerOptions, startRedisContainer } from './redis-container.ts'
export { type RedisFaults, startRedisFaults } from './redis-faults.ts'
export { startTcpProxy, type TcpProxy, type TcpProxyCounts } from './tcp-proxy.ts'
export {
  copyTestDatabase,
  createEmptyTestDatabase,
  createTestDatabase,
  type TestDatabase
} from './test-database.ts'
export { childEnvironment, readTestEnvironment } from './test-environment.ts'
export { createTestRedis } from './test-redis.ts'
