import type { AdminTexts } from './admin/en.ts'
import { en, type PageTexts } from './en.ts'

/** The languages of the pages, each with its own name. A text that is not English, or is of the administration, is loaded when it is wanted. */
export const languages = {
  en: {
    name: 'English',
    load: async (): Promise<PageTexts> => en,
    loadAdmin: async (): Promise<AdminTexts> => (await import('./admin/en.ts')).adminEn
  },
  de: {
    name: 'Deutsch',
    load: async (): Promise<PageTexts> => (await import('./de.ts')).de,
    loadAdmin: async (): Promise<AdminTexts> => (await import('./admin/de.ts')).adminDe
  }
} as const

export type Language = keyof typeof languages

export const languageCodes = Object.keys(languages) as Language[]

/** @returns the first of the wanted tags (BCP 47) that there are texts for; English when there are none for any */
export function languageFor(wanted: readonly (string | null | undefined)[]): Language {
  for (const tag of wanted) {
    const language = tag?.toLowerCase().split('-')[0]
    const known = languageCodes.find((code) => code === language)
    if (known) return known
  }
  return 'en'
}
