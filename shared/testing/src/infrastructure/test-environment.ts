const environment = process.env

/** What the environment says about a test run. */
export function readTestEnvironment() {
  return Object.freeze({
    postgresImage: environment.POSTGRES_IMAGE || 'postgres:17-alpine',
    redisImage: environment.REDIS_IMAGE || 'redis:8-alpine',
    /** Other servers that speak the same protocol: an older release and another product. */
    redis7Image: environment.REDIS7_IMAGE || 'redis:7-alpine',
    valkeyImage: environment.VALKEY_IMAGE || 'valkey/valkey:8-alpine',
    nodeImage: environment.NODE_IMAGE || 'node:24-slim',
    /** Whether this is `npm run test:soak`, which runs everything of which `npm test` runs a part. */
    isSoak: environment.SOAK === '1',
    requiresDocker: environment.REQUIRE_DOCKER === '1',
    chromiumPath: environment.CHROMIUM_PATH || undefined,
    requiresChromium: environment.REQUIRE_CHROMIUM === '1',
    firefoxPath: environment.FIREFOX_PATH || undefined,
    requiresFirefox: environment.REQUIRE_FIREFOX === '1',
    requiresWebKit: environment.REQUIRE_WEBKIT === '1',
    /** The folders of programs. */
    executablePath: environment.PATH ?? '',
    /** Where a JSON report of the run is to be written. */
    resultsFile: environment.TEST_RESULTS_FILE || undefined,
    dockerHost: environment.DOCKER_HOST || undefined
  })
}

/** The environment of a child process: ours with the given changes; `undefined` removes a variable. */
export function childEnvironment(changes: Readonly<Record<string, string | undefined>>): NodeJS.ProcessEnv {
  return { ...environment, ...changes }
}

/** Tells testcontainers where Docker is; it reads only this variable. */
export function setDockerHost(host: string): void {
  environment.DOCKER_HOST = host
}
