import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query'
import { isAway, isSessionChange, isSessionEnd } from '../api/api-error.ts'
import { actFor } from '../api/request.ts'
import { lookAgain, shownUserOf } from './session.ts'

/** The cache of responses. A response that says that the session has ended has it looked for, whichever request it was for. */
export function createQueryClient(): QueryClient {
  const onError = (error: unknown) => {
    // A request from before the sign-in was shown once more is refused for the session that it came with.
    if (isSessionEnd(error) || isSessionChange(error)) void lookAgain(client)
  }
  const client = new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: { staleTime: 5_000, retry: (failures, error) => isAway(error) && failures < 1, retryDelay: 800 },
      mutations: { retry: false }
    }
  })
  actFor(() => shownUserOf(client))
  return client
}
