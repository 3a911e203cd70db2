/** The limit on Express: a route that checks nothing. */
import express from 'express'
import { announce } from '../../servers/serve.ts'

const app = express()
app.get('/', (_, response) => void response.json({ sub: 'user-1' }))
announce(app.listen(0, '127.0.0.1'))
