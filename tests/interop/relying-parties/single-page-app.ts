/** Serves the program of the guide for single-page apps, in the place of Vite, with an API at `/api`. */
import { readFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const require = createRequire(import.meta.url)
const modules: Record<string, string> = {
  '/oidc-client-ts.js': join(dirname(require.resolve('oidc-client-ts')), '../esm/oidc-client-ts.js'),
  '/jwt-decode.js': join(dirname(require.resolve('jwt-decode')), '../esm/index.js')
}
const page = `<!doctype html>
<html lang="en">
<title>The app</title>
<script type="importmap">{"imports": {"oidc-client-ts": "/oidc-client-ts.js", "jwt-decode": "/jwt-decode.js"}}</script>
<body><script type="module" src="/main.js"></script></body>
</html>`

export async function serveGuide(code: string, port: number, env: Record<string, string>, api: string) {
  const main = code.replace('import.meta.env', JSON.stringify(env))
  const server = createServer((incoming, response) => {
    const { pathname } = new URL(incoming.url ?? '/', 'http://app')
    if (pathname.startsWith('/api/')) {
      const { authorization } = incoming.headers
      request(api + pathname.slice('/api'.length), { headers: { authorization } }, (upstream) => {
        response.writeHead(upstream.statusCode as number, { 'Content-Type': 'application/json' })
        upstream.pipe(response)
      }).end()
      return
    }
    const file = modules[pathname]
    const script = file ? readFileSync(file) : pathname === '/main.js' ? main : undefined
    response.setHeader('Content-Type', script ? 'text/javascript' : 'text/html')
    response.end(script ?? page)
  })
  await new Promise<void>((resolve) => server.listen(port, 'localhost', resolve))
  return () => {
    server.close()
    server.closeAllConnections()
  }
}
