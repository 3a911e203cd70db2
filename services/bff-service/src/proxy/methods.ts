/** The methods that reach an API. Any other one is 405 before the session is looked up. docs/browser.md lists them. */
export const proxiedMethods: readonly string[] = ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE']
