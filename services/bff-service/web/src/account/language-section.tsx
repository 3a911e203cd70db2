import { NativeSelect } from '@mantine/core'
import { Section } from '../layout/section.tsx'
import { useOwnProfile, useSetLanguage } from '../session/own-profile.ts'
import { type Language, languageCodes, languages } from '../texts/languages.ts'
import { say } from '../texts/say.ts'

export function LanguageSection() {
  const { data: profile } = useOwnProfile()
  const { isPending, set } = useSetLanguage()
  if (!profile) return null
  const named = languageCodes.map((code) => ({ value: code as string, label: languages[code].name }))
  return (
    <Section title={say('account.language')} lead={say('account.languageLead')}>
      <NativeSelect
        maw={400}
        aria-label={say('account.language')}
        value={profile.language ?? ''}
        data={[{ value: '', label: say('account.languageOfBrowser') }, ...named]}
        disabled={isPending}
        onChange={(event) => set((event.currentTarget.value || null) as Language | null)}
      />
    </Section>
  )
}
