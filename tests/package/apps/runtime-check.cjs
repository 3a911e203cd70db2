/** Uses the three packages as tests of a service do, without a network. What it returns is the same in each runtime. */
const { generateKeyPairSync } = require('node:crypto')

exports.expected = [
  'ada',
  'ERR_TOKEN_SIGNATURE',
  'ERR_TOKEN_REVOKED',
  'ERR_TOKEN_EXPIRED',
  'ERR_REVOCATIONS_UNAVAILABLE',
  'fetched keys',
  'service-token'
]

exports.check = async (
  { createAccessTokenVerifier },
  { createTestClock, createTestIssuer },
  { createServiceTokenSource }
) => {
  const clock = createTestClock()
  const issuer = await createTestIssuer({ clock })
  const verifier = createAccessTokenVerifier(issuer.verifierOptions())
  const outcome = (token) =>
    verifier.verify(token).then(
      ({ sub }) => sub,
      (error) => error.code ?? String(error)
    )
  const old = issuer.mint()
  const outcomes = [await outcome(issuer.mint({ sub: 'ada' })), await outcome(issuer.forge())]
  issuer.revoke({ sid: 'session-2' })
  outcomes.push(await outcome(issuer.mint({ sid: 'session-2' })))
  clock.advance(606_000)
  outcomes.push(await outcome(old))
  issuer.interruptRevocations()
  clock.advance(6_000)
  outcomes.push(await outcome(issuer.mint()))
  await verifier.close()

  const fetch = async () => Response.json(issuer.jwks())
  const fetching = createAccessTokenVerifier({ ...issuer.verifierOptions(), keys: undefined, revocations: null, fetch })
  outcomes.push((await fetching.verify(issuer.mint({ sub: 'fetched keys' }))).sub)
  await fetching.close()

  const tokens = createServiceTokenSource({
    issuer: issuer.issuer,
    clientId: 'orders',
    privateKey: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'pem', type: 'pkcs8' }),
    fetch: async () => Response.json({ access_token: 'service-token', token_type: 'Bearer', expires_in: 600 })
  })
  outcomes.push(await tokens.getToken())
  tokens.close()
  return outcomes
}
