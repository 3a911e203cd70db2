import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query'
import { isSessionChange, isSessionEnd, isUnavailable } from '../api/api-error.ts'
import { actFor } from '../api/request.ts'
import { endSession, lookAgain, shownUserOf, wasJustReplaced } from './session.ts'

/** The cache of responses. A response that says that the session has ended empties it, whichever request it was for. */
export function createQueryClient(): QueryClient {
  const onError = (error: unknown) => {
    if (isSessionEnd(error) && !wasJustReplaced()) endSession(client)
    else if (isSessionEnd(error) || isSessionChange(error)) void lookAgain(client)
  }
  const client = new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: { staleTime: 5_000, retry: (failures, error) => isUnavailable(error) && failures < 1, retryDelay: 800 },
      mutations: { retry: false }
    }
  })
  actFor(() => shownUserOf(client))
  return client
}
