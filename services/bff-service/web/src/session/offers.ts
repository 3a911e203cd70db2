import { useQuery } from '@tanstack/react-query'
import { request } from '../api/request.ts'

/** What the installation offers to people without a session. */
interface Offers {
  registration: 'open' | 'closed'
  /** Whether a forgotten password can be reset, and an address verified, by mail. */
  mail: boolean
  mail_sign_in: boolean
  passkeys: boolean
}

/**
 * What is offered; `undefined` until that is known. If it cannot be known, what most installations offer counts as offered:
 * the response to a form then says whether it is.
 */
export function useOffers(): Offers | undefined {
  const { data, isError } = useQuery({
    queryKey: ['offers'],
    queryFn: ({ signal }) => request<Offers>('/bff/registration', { signal }),
    staleTime: 60_000,
    retry: false
  })
  return isError ? { registration: 'open', mail: true, mail_sign_in: false, passkeys: true } : data
}
