import { get } from 'node:http'
import { createTestDatabase, createTestRedis, findLastingPort, type TestDatabase } from '@countersign/testing'
import { type ServiceProcess, startTrio, type Trio, untilReady } from '@countersign/testing/trio'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type FrontProxy, isInstalled, startNginx } from './fixtures/front-proxy.ts'

describe.skipIf(!inject('docker') || !isInstalled('nginx'))(
  'the pages behind nginx, which speaks https for them',
  () => {
    let database: TestDatabase
    let trio: Trio
    let bff: ServiceProcess
    let proxy: FrontProxy
    let port: number

    beforeAll(async () => {
      database = await createTestDatabase()
      trio = await startTrio({ databaseUrl: database.url, redisUrl: await createTestRedis() })
      bff = await trio.startBff({ PUBLIC_URL: 'https://app.example.com', TRUSTED_PROXY_HOPS: '1' })
      await untilReady(bff)
      port = await findLastingPort()
      const site = (path: string, headers: string) => `
      location ${path} {
        proxy_set_header X-Forwarded-Proto https;
        proxy_set_header X-Forwarded-For $remote_addr;
        ${headers}
        proxy_pass ${bff.url}/;
      }`
      proxy = await startNginx(
        `server {
        listen 127.0.0.1:${port};
        set $https_port 443;
        ${site('/host/', 'proxy_set_header Host $host:$https_port;')}
        ${site('/bare/', 'proxy_set_header Host $host;')}
        ${site('/forwarded/', 'proxy_set_header X-Forwarded-Host $host:$https_port;')}
        ${site('/other-port/', 'proxy_set_header Host $host:8443;')}
        ${site('/http-port/', 'proxy_set_header Host $host:80;')}
      }`,
        port
      )
    })
    afterAll(async () => {
      await proxy?.stop()
      await trio?.stop()
      await database?.drop()
    })

    // Node's fetch lets nobody choose the Host header.
    const ask = (path: string) =>
      new Promise<number | undefined>((resolve, reject) => {
        const headers = { Host: 'APP.example.com', Accept: 'text/html' }
        get({ host: '127.0.0.1', port, path, headers }, (response) => {
          response.resume()
          resolve(response.statusCode)
        }).on('error', reject)
      })

    test.each(['/host/', '/bare/', '/forwarded/'])(
      'are served when the port of https is named or not: %s',
      async (path) => {
        expect(await ask(path)).toBe(200)
      }
    )

    test.each([
      ['/other-port/', 'app.example.com:8443'],
      ['/http-port/', 'app.example.com:80']
    ])('are not served at another port (%s), and the log has both names', async (path, seen) => {
      expect(await ask(path)).toBe(421)
      const line = () =>
        bff
          .logs()
          .split('\n')
          .find((one) => one.toLowerCase().includes(`asked for https://${seen},`))
      await expect.poll(line).toContain('PUBLIC_URL is https://app.example.com')
    })
  }
)
