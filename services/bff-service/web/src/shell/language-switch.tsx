import { NativeSelect } from '@mantine/core'
import { useSetLanguage } from '../session/own-profile.ts'
import { useSessionState } from '../session/session.ts'
import { chooseLanguage, useLanguage } from '../texts/language.ts'
import { type Language, languageCodes, languages } from '../texts/languages.ts'
import { say } from '../texts/say.ts'

/** Chooses the language of the pages: for the user who is signed in, else for this browser. */
export function LanguageSwitch() {
  const { data: state } = useSessionState()
  const { set } = useSetLanguage()
  const choose = (language: Language) => {
    if (state?.status === 'signed_in') set(language)
    else void chooseLanguage(language)
  }
  return (
    <NativeSelect
      size="xs"
      aria-label={say('shell.language')}
      value={useLanguage()}
      data={languageCodes.map((code) => ({ value: code, label: languages[code].name }))}
      onChange={(event) => choose(event.currentTarget.value as Language)}
    />
  )
}
