import { useSyncExternalStore } from 'react'
import { type Language, languageFor, languages } from './languages.ts'
import { addTexts, isTextKey, languageOfPage, onLanguage, speak } from './say.ts'

const entry = 'countersign-language'

/** Shows the pages in the language chosen in this browser, or in the one that the browser asks for. */
export async function openLanguage(page: Document): Promise<void> {
  onLanguage(() => {
    page.documentElement.lang = languageOfPage()
  })
  await speakSafely(languageFor([readChoice(), ...navigator.languages]))
}

/** Keeps a choice in this browser, and follows it; `null` follows the browser again. */
export async function chooseLanguage(language: Language | null): Promise<void> {
  try {
    if (language) localStorage.setItem(entry, language)
    else localStorage.removeItem(entry)
  } catch {
    // Storage may be blocked; the choice holds until the page is left.
  }
  await speakSafely(languageFor([language, ...navigator.languages]))
}

/** Shows the pages in a language that another site wishes for its user, until the page is left and if none was chosen here. */
export function suggestLanguages(wanted: readonly string[]): void {
  if (wanted.length > 0 && readChoice() === null) void speakSafely(languageFor([...wanted, ...navigator.languages]))
}

/** Renders its component again when the language changes. */
export function useLanguage(): Language {
  return useSyncExternalStore(onLanguage, languageOfPage) as Language
}

/** Loads the texts of the administration: before its pages are shown, and with every other language from then on. */
export async function openAdministration(): Promise<void> {
  addTexts('en', await languages.en.loadAdmin())
  await speakSafely(languageOfPage() as Language)
}

/** A file of texts that cannot be loaded leaves the language as it is. */
async function speakSafely(language: Language): Promise<void> {
  const { load, loadAdmin } = languages[language]
  const isAdministration = isTextKey('admin.users.title')
  try {
    for (const texts of await Promise.all([load(), ...(isAdministration ? [loadAdmin()] : [])]))
      addTexts(language, texts)
    await speak(language)
  } catch {}
}

function readChoice(): string | null {
  try {
    return localStorage.getItem(entry)
  } catch {
    return null
  }
}
