import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { request } from '../api/request.ts'
import type { OwnProfile, ProfileChange } from '../api/types.ts'
import { showError } from '../components/show-message.ts'
import { chooseLanguage } from '../texts/language.ts'
import { type Language, languageCodes } from '../texts/languages.ts'
import { say } from '../texts/say.ts'

export const profileKey = ['account', 'profile'] as const

export function useOwnProfile() {
  return useQuery({
    queryKey: profileKey,
    queryFn: ({ signal }) => request<OwnProfile>('/account/auth/me', { signal })
  })
}

/** Shows the pages in the language that the user has set, here or elsewhere. */
export function useUserLanguage(): void {
  const { data: profile } = useOwnProfile()
  const language = languageCodes.find((code) => code === profile?.language)
  useEffect(() => {
    if (language) void chooseLanguage(language)
  }, [language])
}

/** @param onError also for a change whose page is left meanwhile */
export function useChangeProfile(onError?: (error: unknown) => void) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: ProfileChange) => request<OwnProfile>('/account/auth/me', { method: 'PATCH', body }),
    onSuccess: (profile) => client.setQueryData(profileKey, profile),
    ...(onError && { onError })
  })
}

/** Sets the user's language, which mail follows, too; `null` leaves it to the browser. The page follows at once. */
export function useSetLanguage() {
  const change = useChangeProfile((error) => showError(say('account.languageNotSet'), error))
  return {
    isPending: change.isPending,
    set(language: Language | null) {
      void chooseLanguage(language)
      change.mutate({ language })
    }
  }
}
