/** Access tokens for a service that acts on its own behalf: got with its own key, cached, and renewed before they expire. */
export type { Clock } from './clock.ts'
export { ServiceTokenError, type ServiceTokenErrorCode } from './errors.ts'
export { exchangeToken, type TokenExchangeOptions } from './exchange-token.ts'
export { fetchWithToken } from './fetch-with-token.ts'
export type { ServiceTokenLogger } from './logger.ts'
export { type AssertionAlgorithm, type PrivateKeyInput, readPrivateKey } from './private-key.ts'
export {
  createServiceTokenSource,
  type ServiceTokenSource,
  type ServiceTokenStatus
} from './service-token-source.ts'
export type { ServiceTokenSourceOptions } from './source-options.ts'
export type { Fetch, GrantedToken } from './token-endpoint.ts'
