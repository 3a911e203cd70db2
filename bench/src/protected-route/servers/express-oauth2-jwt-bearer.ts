/** express-oauth2-jwt-bearer, as its README sets it up; the key set's address is given, not discovered. */
import express from 'express'
import { auth } from 'express-oauth2-jwt-bearer'
import { announce, readOptions } from '../../servers/serve.ts'
import type { Trust } from './trust.ts'

const { issuer, audience, jwksUri } = readOptions<Trust>()
const app = express()
app.use(auth({ issuer, audience, jwksUri, tokenSigningAlg: 'RS256' }))
app.get('/', (request, response) => void response.json({ sub: request.auth?.payload.sub }))
announce(app.listen(0, '127.0.0.1'))
