import { createInstance } from 'i18next'
import type { AdminTexts } from './admin/en.ts'
import { en, type PageTexts } from './en.ts'

type KeysOf<Texts> = {
  [Key in keyof Texts & string]: Texts[Key] extends string
    ? Key extends `${infer Base}_${'one' | 'other'}`
      ? Base
      : Key
    : `${Key}.${KeysOf<Texts[Key]>}`
}[keyof Texts & string]

/** The name of a text, such as `signIn.title`. */
export type TextKey = KeysOf<PageTexts> | KeysOf<AdminTexts>

const texts = createInstance({
  lng: 'en',
  fallbackLng: 'en',
  initAsync: false,
  resources: { en: { translation: en } },
  // React escapes what it renders.
  interpolation: { escapeValue: false, skipOnVariables: true }
})
texts.init()

/** A text in the language of the page. Those with `count` have a form for one and a form for more. */
export function say(key: TextKey, values: Record<string, string | number> = {}): string {
  return texts.t(key, values)
}

/** Whether there is a text of a name that came from elsewhere. */
export function isTextKey(key: string): key is TextKey {
  return texts.exists(key)
}

/** The name of the text for a sentence by which the services refuse something. */
export function refusalKey(sentence: string): TextKey | undefined {
  const refusals: Record<string, string> = texts.getResource('en', 'translation', 'refusals')
  const name = Object.keys(refusals).find((one) => refusals[one] === sentence)
  return name === undefined ? undefined : (`refusals.${name}` as TextKey)
}

/** The language of {@link say}. */
export function languageOfPage(): string {
  return texts.language
}

/** The language of {@link say} as the browser has it, such as `en-GB`: for dates. */
export function localeOfPage(): string {
  const { language } = texts
  return navigator.languages.find((tag) => tag.toLowerCase().split('-')[0] === language) ?? language
}

/** Adds texts of a language beside those that it has. */
export function addTexts(language: string, added: Partial<PageTexts> | AdminTexts): void {
  texts.addResourceBundle(language, 'translation', added, true)
}

/** Makes {@link say} speak another language; what is on the page has to be rendered again. */
export async function speak(language: string): Promise<void> {
  await texts.changeLanguage(language)
}

/** Calls `listener` when the language has changed. @returns what ends that */
export function onLanguage(listener: () => void): () => void {
  texts.on('languageChanged', listener)
  return () => texts.off('languageChanged', listener)
}
