import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const module = new URL('../../dist/infrastructure/lasting-port.js', import.meta.url)
const askForPorts = `
  import { setTimeout as delay } from 'node:timers/promises'
  const { findLastingPort } = await import('${module}')
  const ports = []
  for (let i = 0; i < 20; i++) ports.push(await findLastingPort())
  console.log(JSON.stringify(ports))
  await delay(1_000)`

test('processes that run at once are given no port twice', async () => {
  const processes = Array.from({ length: 3 }, () =>
    promisify(execFile)(process.execPath, ['--input-type=module', '-e', askForPorts], {
      cwd: fileURLToPath(new URL('.', import.meta.url))
    })
  )
  const ports = (await Promise.all(processes)).map(({ stdout }) => JSON.parse(stdout) as number[])
  const blocks = ports.map((own) => new Set(own.map((port) => Math.floor((port - 20_000) / 1_200))))
  expect(blocks.map(({ size }) => size)).toEqual([1, 1, 1])
  expect(new Set(blocks.flatMap((one) => [...one])).size).toBe(3)
})
