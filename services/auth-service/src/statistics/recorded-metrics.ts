import type { IssuerMetrics, RefreshMetric } from '../metrics.ts'
import { activityOutcomes, type CountedOutcome } from './activity.ts'
import type { ActivityRecorder } from './activity-recorder.ts'

/**
 * Sign-ins that failed: the pair was wrong, or there were too many that were. A request that is malformed, or that finds
 * the service full, says nothing of who sent it.
 */
const failedSignIns = new Set(['invalid_credentials', 'too_many_requests'])

/** Metrics that are recorded as activity along the way, so that both count the same. */
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
