import dns, { lookup } from 'node:dns'
import { resolve4 } from 'node:dns/promises'
import { request } from 'node:http'
import net, { connect, createServer } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { expect, test } from 'vitest'

const refusal = /A unit test must not use the network/

test('a unit test that opens a TCP connection fails', () => {
  expect(() => connect(80, '127.0.0.1')).toThrow(refusal)
  expect(() => net.createConnection({ port: 80 })).toThrow(refusal)
  expect(() => new net.Socket().connect(80)).toThrow(refusal)
  expect(() => connectTls(443, '127.0.0.1')).toThrow(refusal)
})

test('a unit test that listens fails', () => {
  expect(() => createServer().listen(0)).toThrow(refusal)
})

test('a unit test that makes an HTTP request fails', () => {
  expect(() => request('http://127.0.0.1/')).toThrow(refusal)
})

test('a unit test that fetches sees a rejection', async () => {
  await expect(fetch('http://127.0.0.1/')).rejects.toThrow(refusal)
})

test('a unit test that resolves a name fails', async () => {
  expect(() => lookup('localhost', () => undefined)).toThrow(refusal)
  expect(() => dns.resolve('localhost', () => undefined)).toThrow(refusal)
  expect(() => resolve4('localhost')).toThrow(refusal)
})
