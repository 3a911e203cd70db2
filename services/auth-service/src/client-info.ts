/** Where a request came from, according to itself and its proxies. */
export interface ClientInfo {
  readonly address: string
  readonly userAgent: string
}
