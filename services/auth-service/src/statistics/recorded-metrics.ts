import type { IssuerMetrics, RefreshMetric } from '../metrics.ts'
import { activityOutcomes, type CountedOutcome } from './activity.ts'
import type { ActivityRecorder } from './activity-recorder.ts'

/**
 * Failed sign-ins: the pair was wrong, or too many were wrong before. Malformed requests, and those that find the service
 * full, do not count.
 */
const failedSignIns = new Set(['invalid_credentials', 'too_many_requests'])

/** Metrics that are also recorded as activity, so that both have the same counts. */
export function recordActivity(metrics: IssuerMetrics, recorder: ActivityRecorder): IssuerMetrics {
  return {
    ...metrics,
    countRefresh(outcome) {
      metrics.countRefresh(outcome)
      recorder.count('refreshes', outcomeOf(outcome))
    },
    countSignIn(outcome) {
      metrics.countSignIn(outcome)
      if (outcome === 'succeeded') recorder.count('sign_ins', 'succeeded')
      else if (failedSignIns.has(outcome)) recorder.count('sign_ins', 'failed')
    }
  }
}

function outcomeOf(metric: RefreshMetric): CountedOutcome<'refreshes'> {
  return activityOutcomes.refreshes.find((outcome) => outcome === metric) ?? 'refused'
}
