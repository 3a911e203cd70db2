/** Containers, for programs that do not run under Vitest. */
export { type DockerSearch, findDocker } from './docker.ts'
export { isHelmHere, unpackHelm } from './helm-program.ts'
export { type PostgresContainerOptions, startPostgresContainer } from './postgres-container.ts'
export { type RedisContainer, type RedisContainerOptions, startRedisContainer } from './redis-container.ts'
export { childEnvironment } from './test-environment.ts'
