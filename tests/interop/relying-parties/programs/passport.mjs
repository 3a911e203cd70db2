import express from 'express'
import session from 'express-session'
import passport from 'passport'
import OpenIDConnectStrategy from 'passport-openidconnect'

const { ISSUER, CLIENT_ID, CLIENT_SECRET, BASE_URL, SESSION_SECRET, API } = process.env

passport.use(
  new OpenIDConnectStrategy(
    {
      issuer: ISSUER,
      authorizationURL: `${ISSUER}/oauth/authorize`,
      tokenURL: `${ISSUER}/oauth/token`,
      userInfoURL: `${ISSUER}/oauth/userinfo`,
      clientID: CLIENT_ID,
      clientSecret: CLIENT_SECRET,
      callbackURL: `${BASE_URL}/callback`,
      scope: ['profile', 'email']
    },
    (_issuer, profile, _context, _idToken, accessToken, _refreshToken, done) => done(null, { profile, accessToken })
  )
)
passport.serializeUser((user, done) => done(null, user))
passport.deserializeUser((user, done) => done(null, user))

const app = express()
app.use(session({ secret: SESSION_SECRET, resave: false, saveUninitialized: false }))
app.use(passport.session())
app.get('/login', passport.authenticate('openidconnect'))
app.get('/callback', passport.authenticate('openidconnect', { failWithError: true }), (_, response) =>
  response.redirect('/')
)
app.get('/', async (request, response) => {
  if (!request.user) return response.redirect('/login')
  const headers = { Authorization: `Bearer ${request.user.accessToken}` }
  const apiResponse = await fetch(`${API}/me`, { headers })
  response.json({ user: request.user.profile, status: apiResponse.status })
})
app.listen(new URL(BASE_URL).port, () => process.stdout.write(`${BASE_URL}\n`))
