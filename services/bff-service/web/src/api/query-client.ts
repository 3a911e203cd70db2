import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query'
import { endSession } from '../session/session.ts'
import { isAway, isSessionEnd } from './api-error.ts'

/** The cache of answers. An answer that says that the session has ended empties it, whichever call it was. */
export function createQueryClient(): QueryClient {
  const onError = (error: unknown) => {
    if (isSessionEnd(error)) endSession(client)
  }
  const client = new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: { staleTime: 5_000, retry: (failures, error) => isAway(error) && failures < 1, retryDelay: 800 },
      mutations: { retry: false }
    }
  })
  return client
}
