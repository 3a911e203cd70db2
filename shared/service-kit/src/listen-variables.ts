import { integerVariable, optional, textVariable } from './variables.ts'

/** The variables that say where a service listens, where its health and metrics are, and how it stops. */
export function listenVariables({ port, managementPort }: { port: number; managementPort: number }) {
  return {
    host: textVariable('HOST', { fallback: '0.0.0.0', expects: 'the address to listen on' }),
    port: integerVariable('PORT', { fallback: port, min: 0, max: 65_535 }),
    managementHost: optional(
      textVariable('MANAGEMENT_HOST', { expects: 'the address to listen on for health and metrics' })
    ),
    managementPort: integerVariable('MANAGEMENT_PORT', { fallback: managementPort, min: 0, max: 65_535 }),
    shutdownDelaySeconds: integerVariable('SHUTDOWN_DELAY_SECONDS', { fallback: 5, min: 0, max: 300, unit: 'seconds' })
  }
}
