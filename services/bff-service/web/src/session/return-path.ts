import type { Location } from 'react-router'

const parameter = 'return'

/** Only a path of these pages: neither another origin (`//host`, `/\host`) nor a text that browsers turn into one. */
function isLocalPath(text: string): boolean {
  const [path = ''] = text.split(/[?#]/)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: browsers drop some of them, and "/\t/host" becomes "//host"
  return path.startsWith('/') && !path.includes('//') && !/[\\\u0000-\u001f\u007f]/.test(text)
}

/** Where to go after sign-in; the account page when the parameter is not one of our paths. */
export function returnPathOf(search: string): string {
  const text = new URLSearchParams(search).get(parameter) ?? '/'
  return isLocalPath(text) && !/^\/(sign-in|register)\b/.test(text) ? text : '/'
}

/** The sign-in page that leads back to this location. */
export function signInPathFor({ pathname, search }: Pick<Location, 'pathname' | 'search'>): string {
  const here = pathname + search
  return here === '/' ? '/sign-in' : `/sign-in?${new URLSearchParams({ [parameter]: here })}`
}
