/** Figures of this issuer at one moment. */
export interface IssuerStatistics {
  readonly at: Date
  readonly users: { readonly total: number; readonly disabled: number }
  readonly sessions: { readonly live: number }
  /** Counts of the 24 hours before. */
  readonly lastDay: { readonly signIns: number; readonly failedSignIns: number; readonly revocations: number }
}

/** Counts, for the dashboard. */
export interface Statistics {
  read(): Promise<IssuerStatistics>
}
