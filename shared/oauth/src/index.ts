/** The vocabulary of OAuth as Countersign speaks it. This package imports nothing. */
export * from './audit-events.ts'
export * from './errors.ts'
export * from './identifiers.ts'
export * from './tokens.ts'
