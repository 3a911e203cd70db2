import Router from '@koa/router'
import { expect, test } from 'vitest'
import { RememberingRouter } from '../../src/remembering-router.ts'

test('finds what the plain router finds, each time', () => {
  const routers = [new RememberingRouter({ sensitive: true }), new Router({ sensitive: true })] as const
  for (const router of routers) {
    router.get('/sessions', () => {})
    router.post('/sessions', () => {})
    router.get('/sessions/:id', () => {})
    router.get('/sessions/current', () => {})
    router.all('/files/{*path}', () => {})
  }
  const found = (router: Router, path: string, method: string) => {
    const match = router.match(path, method)
    return { ...match, path: match.path.map(String), pathAndMethod: match.pathAndMethod.map((layer) => layer.path) }
  }
  const paths = [
    '/sessions',
    '/sessions/',
    '/sessions/1',
    '/sessions/2',
    '/sessions/current',
    '/files/a/b',
    '/Sessions',
    '/'
  ]
  for (const path of [...paths, ...paths]) {
    for (const method of ['GET', 'HEAD', 'POST', 'DELETE', 'OPTIONS']) {
      expect(found(routers[0], path, method), `${method} ${path}`).toEqual(found(routers[1], path, method))
    }
  }
})

test('looks a path without parameters up once, and one with parameters each time', () => {
  const router = new RememberingRouter()
  router.get('/sessions', () => {})
  router.get('/users/:id', () => {})
  expect(router.match('/sessions', 'GET')).toBe(router.match('/sessions', 'GET'))
  expect(router.match('/users/1', 'GET')).not.toBe(router.match('/users/1', 'GET'))
  expect(router.match('/nothing', 'GET')).not.toBe(router.match('/nothing', 'GET'))
})
