import type { Location } from 'react-router'
import { pagesPath } from './pages-path.ts'

const parameter = 'return'
const base = pagesPath === '/' ? '' : pagesPath

/** Only a path of this origin: neither another one (`//host`, `/\host`) nor a text that browsers turn into one. */
function isLocalPath(text: string): boolean {
  const [path = ''] = text.split(/[?#]/)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: browsers drop some of them, and "/\t/host" becomes "//host"
  return path.startsWith('/') && !path.includes('//') && !/[\\\u0000-\u001f\u007f]/.test(text)
}

/** Where to go after sign-in: a path of this origin. The root when the parameter is none. */
export function returnPathOf(search: string): string {
  const text = new URLSearchParams(search).get(parameter) ?? '/'
  return isLocalPath(text) &&
    !/^\/(sign-in|sign-out|register|forgot-password|reset-password|accept-invitation)\b/.test(withinPages(text) ?? '')
    ? text
    : '/'
}

/** A location of the pages as a path of this origin. */
export function pathOf({ pathname, search }: Pick<Location, 'pathname' | 'search'>): string {
  return base + pathname + search
}

/** The sign-in page that leads back to this location of the pages. */
export function signInPathFor(location: Pick<Location, 'pathname' | 'search'>): string {
  return withReturn('/sign-in', pathOf(location))
}

/** The page for a new account, which leads back to a path of this origin. */
export function registerPathFor(returnPath: string): string {
  return withReturn('/register', returnPath)
}

function withReturn(page: string, path: string): string {
  return path === '/' ? page : `${page}?${new URLSearchParams({ [parameter]: path })}`
}

/** @returns a path of this origin as the routes of the pages know it; `undefined` when it is not one of theirs */
export function withinPages(path: string): string | undefined {
  if (path === base) return '/'
  return /^[/?#]/.test(path.slice(base.length)) && path.startsWith(base) ? path.slice(base.length) : undefined
}
