/** The limit: a Koa route that checks nothing. */
import Koa from 'koa'
import { announce } from '../../servers/serve.ts'

const app = new Koa()
app.use((ctx) => {
  ctx.body = { sub: 'user-1' }
})
announce(app.listen(0, '127.0.0.1'))
