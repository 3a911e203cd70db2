/** https before the issuer, for software that takes nothing else. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

export interface TlsFront {
  readonly url: string
  /** The file by which its certificate is trusted. */
  readonly certificate: string
  stop(): Promise<void>
}

/** @param target an http URL */
export async function startTlsFront(target: string): Promise<TlsFront> {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-tls-'))
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]
  const files = ['-keyout', key, '-out', certificate]
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  await promisify(execFile)('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...files, ...subject])
  const tls = { key: await readFile(key), cert: await readFile(certificate) }
  const server = createServer(tls, (incoming, response) => {
    const headers = { ...incoming.headers, host: new URL(target).host }
    const forwarded = request(target + incoming.url, { method: incoming.method, headers }, (upstream) => {
      response.writeHead(upstream.statusCode as number, upstream.headers)
      upstream.pipe(response)
    })
    incoming.pipe(forwarded.on('error', () => response.destroy()))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `https://localhost:${(server.address() as AddressInfo).port}`,
    certificate,
    async stop() {
      server.close()
      server.closeAllConnections()
      await rm(folder, { recursive: true })
    }
  }
}
