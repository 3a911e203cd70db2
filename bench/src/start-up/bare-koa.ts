/** What a Koa process takes before it does anything. */
import Koa from 'koa'
import { announce, readOptions } from '../servers/serve.ts'

const app = new Koa()
app.use((ctx) => {
  ctx.body = { status: 'ok' }
})
announce(app.listen(readOptions<{ port: number }>().port, '127.0.0.1'))
