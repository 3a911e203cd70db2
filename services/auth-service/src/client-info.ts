/** Where a request came from, as far as it says. */
export interface ClientInfo {
  readonly address: string
  readonly userAgent: string
}
