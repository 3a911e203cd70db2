import { NativeSelect } from '@mantine/core'
import { chooseLanguage, useLanguage } from '../texts/language.ts'
import { type Language, languageCodes, languages } from '../texts/languages.ts'
import { say } from '../texts/say.ts'

/** Chooses the language of the pages in this browser. */
export function LanguageSwitch() {
  const language = useLanguage()
  return (
    <NativeSelect
      size="xs"
      aria-label={say('shell.language')}
      value={language}
      data={languageCodes.map((code) => ({ value: code, label: languages[code].name }))}
      onChange={(event) => void chooseLanguage(event.currentTarget.value as Language)}
    />
  )
}
