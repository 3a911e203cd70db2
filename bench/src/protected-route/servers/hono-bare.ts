/** The limit on Hono: a route that checks nothing. */
import type { Server } from 'node:http'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { announce } from '../../servers/serve.ts'

const app = new Hono()
app.get('/', (c) => c.json({ sub: 'user-1' }))
announce(serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server)
