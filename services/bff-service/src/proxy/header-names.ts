/** Passes in both directions. */
const bothWays = [
  'cache-control',
  'content-digest',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-length',
  'content-range',
  'content-type',
  'pragma',
  'repr-digest'
]

/** The request headers that reach an API; all others are dropped. docs/browser.md lists them. */
export const requestHeaderNames: readonly string[] = [
  ...bothWays,
  'accept',
  'accept-charset',
  'accept-encoding',
  'accept-language',
  'idempotency-key',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'last-event-id',
  'prefer',
  'priority',
  'range',
  'save-data',
  'traceparent',
  'tracestate',
  'user-agent',
  'want-content-digest',
  'want-repr-digest'
].sort()

/** The headers of a response that reach a browser. `Location` is rewritten on the way. docs/browser.md lists them. */
export const responseHeaderNames: readonly string[] = [
  ...bothWays,
  'accept-patch',
  'accept-post',
  'accept-ranges',
  'age',
  'allow',
  'date',
  'deprecation',
  'etag',
  'expires',
  'last-modified',
  'location',
  'preference-applied',
  'ratelimit',
  'ratelimit-limit',
  'ratelimit-policy',
  'ratelimit-remaining',
  'ratelimit-reset',
  'retry-after',
  'server-timing',
  'sunset',
  'vary',
  'warning'
].sort()

/** RFC 9110 §7.6.1, and some that are no longer standard. `Connection` may name more. */
const hopByHop = 'connection|keep-alive|proxy-.+|te|trailer|transfer-encoding|upgrade|http2-settings'

const hopByHopName = new RegExp(`^(?:${hopByHop})$`)

/** Whether a header belongs to one connection; `name` is in lower case. */
export function isHopByHop(name: string): boolean {
  return hopByHopName.test(name)
}

/** Never passes, in either direction. */
const neverAdded = `${hopByHop}|(?:set-)?cookie2?|authorization|host|(?:x-)?forwarded(?:-.+)?|sec-.+|x-request-id`

/** Headers about the user, the origin and the target of a request: an API must not get them from a browser. */
const neverFromBrowsers = new RegExp(
  `^(?:${neverAdded}|dpop|expect|origin|referer|via` +
    '|(?:remote|x-countersign|x-original|x-rewrite|x-http-method|x-method|x-auth|x-authenticated|x-remote)(?:-.+)?' +
    '|user|x-user|(?:[a-z-]+-)?(?:client|real|connecting|cluster-client)-ip)$'
)

/** Headers that set rules for this site, or control a proxy in front of it: a browser must not get them from an API. */
const neverFromApis = new RegExp(
  `^(?:${neverAdded}|access-control-.+|cross-origin-.+` +
    '|accept-ch|activate-storage-access|alt-svc|attribution-reporting-.+|clear-site-data|content-security-policy.*' +
    '|critical-ch|document-policy.*|expect-ct|feature-policy|integrity-policy.*|nel|origin-agent-cluster|origin-trial' +
    '|permissions-policy.*|public-key-pins.*|referrer-policy|refresh|report-to|reporting-endpoints|service-worker-.+' +
    '|set-login|(?:x-)?sourcemap|speculation-rules|strict-transport-security|supports-loading-mode|use-as-dictionary' +
    '|www-authenticate|x-accel-.+|x-content-type-options|x-countersign-.+|x-dns-prefetch-control|x-frame-options' +
    '|x-lighttpd-.+|x-permitted-cross-domain-policies|x-reproxy-.+|x-sendfile.*|x-xss-protection)$'
)

/** Whether an operator may let a request header through to the API; `name` is in lower case. */
export function mayReachApi(name: string): boolean {
  return isPlainName(name) && !neverFromBrowsers.test(name)
}

/** Whether an operator may let a response header through to browsers; `name` is in lower case. */
export function mayReachBrowser(name: string): boolean {
  return isPlainName(name) && !neverFromApis.test(name)
}

/** Without `_`, which some servers read as `-`. */
function isPlainName(name: string): boolean {
  return /^[a-z0-9][a-z0-9-]{0,63}$/.test(name)
}
