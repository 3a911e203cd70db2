/** The limit on Fastify: a route that checks nothing. */
import fastify from 'fastify'
import { announce } from '../../servers/serve.ts'

const app = fastify()
app.get('/', async () => ({ sub: 'user-1' }))
await app.ready()
announce(app.server.listen(0, '127.0.0.1'))
