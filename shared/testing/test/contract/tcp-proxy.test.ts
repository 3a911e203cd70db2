import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { startTcpProxy, type TcpProxy } from '@countersign/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'

let echo: Server
let proxy: TcpProxy
const clients: Socket[] = []

beforeEach(async () => {
  echo = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.pipe(socket)
  })
  echo.listen(0, '127.0.0.1')
  await once(echo, 'listening')
  proxy = await startTcpProxy({ target: `redis://user:pw@127.0.0.1:${(echo.address() as AddressInfo).port}/3` })
})
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy()
  await proxy.close()
  echo.close()
})

async function open(): Promise<Socket> {
  const client = connect(proxy.port, '127.0.0.1')
  clients.push(client)
  await once(client, 'connect')
  client.on('error', () => undefined)
  return client
}

async function ask(client: Socket, text: string): Promise<string> {
  client.write(text)
  return String((await once(client, 'data'))[0])
}

/** Unlike `once`, at peace with the error that comes before. */
function closeOf(client: Socket): Promise<void> {
  return new Promise((resolve) => client.once('close', () => resolve()))
}

test('the URL keeps user, password and path, and leads to the proxy', () => {
  expect(proxy.url).toBe(`redis://user:pw@127.0.0.1:${proxy.port}/3`)
})

test('connections, and the bytes in each direction, are counted', async () => {
  const client = await open()
  expect(await ask(client, 'hello')).toBe('hello')
  expect(proxy.counts).toEqual({ connections: 1, bytesToTarget: 5, bytesFromTarget: 5 })
  expect(proxy.openConnections).toBe(1)
})

test('a cut resets open connections and refuses new ones, until it is restored', async () => {
  const client = await open()
  const closed = closeOf(client)
  await proxy.cut()
  await closed
  await expect(open()).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  await proxy.restore()
  expect(await ask(await open(), 'again')).toBe('again')
})

test('a pause holds every byte back, and a resume lets it through', async () => {
  const client = await open()
  await ask(client, 'warm')
  proxy.pause()
  const held = ask(client, 'held')
  const late = await open()
  const silent = ask(late, 'late')
  expect(await Promise.race([held, silent, delay(150)])).toBeUndefined()
  proxy.resume()
  expect(await Promise.all([held, silent])).toEqual(['held', 'late'])
})

test('dropped connections are reset, and new ones are taken', async () => {
  const client = await open()
  await ask(client, 'x')
  const closed = closeOf(client)
  proxy.dropConnections()
  await closed
  expect(await ask(await open(), 'y')).toBe('y')
})

test('much data goes through whole', async () => {
  const client = await open()
  const size = 20_000_000
  let received = 0
  client.on('data', (chunk) => {
    received += chunk.length
  })
  client.end(Buffer.alloc(size))
  await once(client, 'close')
  expect(received).toBe(size)
})

test('after retargeting, open connections are reset, and new ones go to the new target', async () => {
  const other = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.on('data', () => socket.write('other'))
  })
  other.listen(0, '127.0.0.1')
  await once(other, 'listening')
  try {
    const client = await open()
    await ask(client, 'x')
    const closed = closeOf(client)
    proxy.retarget(`redis://127.0.0.1:${(other.address() as AddressInfo).port}`)
    await closed
    expect(await ask(await open(), 'y')).toBe('other')
  } finally {
    proxy.dropConnections()
    other.close()
  }
})

test('bytes from the target take as long as was set last', async () => {
  const client = await open()
  expect(await ask(client, 'soon')).toBe('soon')
  proxy.setDelay(200)
  const askedAt = performance.now()
  expect(await ask(client, 'later')).toBe('later')
  expect(performance.now() - askedAt).toBeGreaterThan(190)
})
