/** A Koa route behind one middleware that does nothing: what Koa takes for any middleware. */
import Koa from 'koa'
import { announce } from '../../servers/serve.ts'

const app = new Koa()
app.use((_, next) => next())
app.use((ctx) => {
  ctx.body = { sub: 'user-1' }
})
announce(app.listen(0, '127.0.0.1'))
