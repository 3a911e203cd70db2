import {
  type Environment,
  productName,
  readVariables,
  redisUrl,
  serviceUrl,
  serviceVariables,
  sharedKey,
  shortText,
  type ValuesOf,
  wholeNumber
} from '@countersign/service-kit'
import { z } from 'zod'
import { defaultAppPolicy } from './app/app-policy.ts'
import { mayReachApi, mayReachBrowser } from './proxy/header-names.ts'
import { plainPath } from './proxy/routes-file.ts'

const day = 86_400
const maxHeaderNames = 64

/** All settings of the bff-service. */
export const variables = {
  publicUrl: {
    name: 'PUBLIC_URL',
    schema: siteOrigin(),
    description: 'the one origin that browsers see: https, or `http://localhost` with a port'
  },
  authUrl: { name: 'AUTH_URL', schema: serviceUrl(), description: 'the URL of the auth-service' },
  apiUrl: {
    name: 'API_URL',
    schema: serviceUrl().optional(),
    defaultText: 'required without `ROUTES_FILE`',
    description: 'the URL of the API that it forwards `/api/*` to, with the token for the issuer and its first API'
  },
  routesFile: {
    name: 'ROUTES_FILE',
    schema: shortText('the path of a JSON file').optional(),
    description: 'a JSON file with [several APIs](your-app.md#several-apis), each behind a path prefix'
  },
  appDir: {
    name: 'APP_DIR',
    schema: shortText('the path of a folder').optional(),
    description: 'the folder of [your built app](your-app.md#a-built-app), which it serves'
  },
  appUrl: {
    name: 'APP_URL',
    schema: serviceUrl().optional(),
    description:
      'the server of [your app](your-app.md#a-server-of-its-own), such as a Vite dev server, that it forwards all other paths to'
  },
  appContentSecurityPolicy: {
    name: 'APP_CONTENT_SECURITY_POLICY',
    schema: headerText().default(defaultAppPolicy),
    description: 'the `Content-Security-Policy` of the pages in `APP_DIR`'
  },
  pagesPath: {
    name: 'PAGES_PATH',
    schema: pathOfPages().optional(),
    defaultText: '`/`, or `/countersign` with an app',
    description: "where Countersign's own pages are: sign-in, account, administration"
  },
  productName: {
    name: 'PRODUCT_NAME',
    schema: productName(),
    description: 'the name of this installation on the pages'
  },
  logoFile: {
    name: 'LOGO_FILE',
    schema: shortText('the path of an SVG or PNG file').optional(),
    description: 'an SVG or PNG file of at most 128 KiB, [the logo](browser.md#name-logo-and-color) of the pages'
  },
  primaryColor: {
    name: 'PRIMARY_COLOR',
    schema: hexColor().optional(),
    defaultText: '`#1a6476`',
    description:
      'the color of buttons and links, such as `#7a1fa2`; its lightness is adjusted where text would be hard to read'
  },
  redisUrl: {
    name: 'REDIS_URL',
    schema: redisUrl().optional(),
    isSecret: true,
    defaultText: 'required',
    description: "where the browsers' sessions are kept"
  },
  forwarderKey: {
    name: 'FORWARDER_KEY',
    schema: sharedKey().optional(),
    isSecret: true,
    description:
      'shared with the auth-service (`openssl rand -base64 32`): without it all browsers count as one address there'
  },
  sessionIdleSeconds: {
    name: 'SESSION_IDLE_SECONDS',
    schema: wholeNumber({ min: 60, max: 365 * day, unit: 'seconds' }).default(7 * day),
    description: 'a session that is not used for this long ends'
  },
  sessionAbsoluteSeconds: {
    name: 'SESSION_ABSOLUTE_SECONDS',
    schema: wholeNumber({ min: 60, max: 365 * day, unit: 'seconds' }).default(30 * day),
    description: 'the maximum lifetime of a session'
  },
  upstreamTimeoutSeconds: {
    name: 'UPSTREAM_TIMEOUT_SECONDS',
    schema: wholeNumber({ min: 1, max: 600, unit: 'seconds' }).default(30),
    description: 'how long an API may take to start its response'
  },
  upstreamIdleSeconds: {
    name: 'UPSTREAM_IDLE_SECONDS',
    schema: wholeNumber({ min: 1, max: day, unit: 'seconds' }).default(300),
    description: 'how long an API may pause within its response, such as between two events of a stream'
  },
  proxyBodyLimitBytes: {
    name: 'PROXY_BODY_LIMIT_BYTES',
    schema: wholeNumber({ min: 0, max: 1024 ** 3, unit: 'bytes' }).default(10 * 1024 * 1024),
    description: 'the maximum size of a request body; it may take 30 seconds, plus one second for every 16 KiB'
  },
  proxyRequestHeaders: {
    name: 'PROXY_REQUEST_HEADERS',
    schema: headerNames(mayReachApi),
    description:
      'names of request headers, separated by commas, that reach the API besides [those listed](browser.md#request-headers)'
  },
  proxyResponseHeaders: {
    name: 'PROXY_RESPONSE_HEADERS',
    schema: headerNames(mayReachBrowser),
    description: 'names of response headers that reach the browser besides [those listed](browser.md#response-headers)'
  },
  ...serviceVariables({ port: 4002, managementPort: 9002 })
}

/** Names of headers that pass the proxy besides those of docs/browser.md. */
function headerNames(mayPass: (header: string) => boolean) {
  const expects = `up to ${maxHeaderNames} header names, separated by commas, none of which docs/browser.md rules out`
  return z
    .string(expects)
    .transform((text) => text.split(',').map((header) => header.trim().toLowerCase()))
    .refine((names) => names.length <= maxHeaderNames && names.every(mayPass), expects)
    .transform((names): readonly string[] => [...new Set(names)])
    .default([])
}

function pathOfPages() {
  const expects = 'a path such as /countersign: letters, digits and - _ ~ between slashes, no slash at its end; or /'
  return z.string(expects).refine((path) => path === '/' || (path.length <= 256 && plainPath.test(path)), expects)
}

function hexColor() {
  const expects = 'a color such as #7a1fa2: # and six hexadecimal digits'
  return z
    .string(expects)
    .regex(/^#[0-9a-f]{6}$/i, expects)
    .transform((text) => text.toLowerCase())
}

function headerText() {
  const expects = 'one line of printable ASCII, at most 4096 characters'
  return z.string(expects).regex(/^[\x20-\x7e]{1,4096}$/, expects)
}

/**
 * The origin that browsers see. Over plain http, cookies can be read on the network; on the browser's own machine that does not
 * matter.
 */
function siteOrigin() {
  const expects = 'the origin that browsers see: https://, or http:// on localhost, without a path'
  return z
    .string(expects)
    .refine(isSiteOrigin, expects)
    .transform((text) => new URL(text).origin)
}

function isSiteOrigin(text: string): boolean {
  if (/\s/.test(text) || !URL.canParse(text)) return false
  const { origin, href, protocol, hostname } = new URL(text)
  if (`${origin}/` !== href) return false
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname))
}

function isLoopback(hostname: string): boolean {
  return /^(?:localhost|[\w-]+\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)
}

export type Config = ValuesOf<typeof variables>

/** @returns where Countersign's own pages are: `/`, or a path without a slash at its end */
export function pagesPathOf({ pagesPath, appDir, appUrl }: Pick<Config, 'pagesPath' | 'appDir' | 'appUrl'>): string {
  const hasApp = appDir !== undefined || appUrl !== undefined
  return pagesPath ?? (hasApp ? '/countersign' : '/')
}

/**
 * Reads the configuration. Pure: it takes the environment and returns a frozen object.
 * @throws {ConfigurationError} that lists every problem
 */
export function loadConfig(env: Environment): Config {
  return readVariables(env, variables)
}
