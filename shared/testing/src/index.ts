/** Shared by tests: infrastructure, token minting, and the contract suites of the ports. */
export * from './access-tokens.ts'
export * from './contracts/revocation-feed.contract.ts'
export * from './infrastructure/index.ts'
