import { expect, test } from 'vitest'
import { loadConfiguration } from '../../src/configuration.ts'

const places = { projectRoot: '/project', workingDirectory: '/somewhere' }

test('without any variable the services take ports 4000 to 4002 and the data folder is in the project', () => {
  const configuration = loadConfiguration({}, places)
  expect(configuration.ports).toEqual({ 'auth-service': 4000, 'resource-service': 4001, 'bff-service': 4002 })
  expect(configuration.dataDir).toBe('/project/.countersign')
})

test('a relative data folder is meant from where the command was given', () => {
  expect(loadConfiguration({ COUNTERSIGN_DATA_DIR: 'data' }, places).dataDir).toBe('/somewhere/data')
  expect(loadConfiguration({ COUNTERSIGN_DATA_DIR: '/data' }, places).dataDir).toBe('/data')
})

test.each(['0', '65536', 'abc', '-1', '4e3', ' 4000'])('the port %j is refused by the name of its variable', (port) => {
  expect(() => loadConfiguration({ RESOURCE_SERVICE_PORT: port }, places)).toThrow(
    'RESOURCE_SERVICE_PORT must be a whole number from 1 to 65535.'
  )
})

test('every wrong port is reported at once', () => {
  expect(() => loadConfiguration({ AUTH_SERVICE_PORT: 'x', BFF_SERVICE_PORT: 'y' }, places)).toThrow(
    /AUTH_SERVICE_PORT must be.*BFF_SERVICE_PORT must be/s
  )
})

test('two services on one port are refused by the names of both variables', () => {
  expect(() => loadConfiguration({ BFF_SERVICE_PORT: '4000' }, places)).toThrow(
    'BFF_SERVICE_PORT must differ from AUTH_SERVICE_PORT; both are 4000.'
  )
})
