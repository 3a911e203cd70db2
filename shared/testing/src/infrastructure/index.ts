/** Infrastructure for integration tests: databases, Redis, and networks that fail on demand. */
export { type PostgresRecorder, startPostgresRecorder } from './postgres-recorder.ts'
export type {} from './provided.ts'
export { type RedisContainer, type RedisContainerOptions, startRedisContainer } from './redis-container.ts'
export { startTcpProxy, type TcpProxy, type TcpProxyCounts } from './tcp-proxy.ts'
export { createEmptyTestDatabase, createTestDatabase, type TestDatabase } from './test-database.ts'
export { childEnvironment } from './test-environment.ts'
export { createTestRedis } from './test-redis.ts'
