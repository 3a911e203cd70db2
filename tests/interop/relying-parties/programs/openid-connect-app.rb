# The gem openid_connect: signs a user in as a client with a secret, in a terminal to which the address of the redirect is pasted.
require 'json'
require 'openid_connect'

# Else discovery asks https alone, whatever the issuer is.
SWD.url_builder = WebFinger.url_builder = URI::HTTP
issuer, api, client_id = ENV.values_at('ISSUER', 'API', 'CLIENT_ID')
config = OpenIDConnect::Discovery::Provider::Config.discover!(issuer)
client = OpenIDConnect::Client.new(
  identifier: client_id,
  secret: ENV.fetch('CLIENT_SECRET'),
  redirect_uri: ENV.fetch('REDIRECT_URI'),
  authorization_endpoint: config.authorization_endpoint,
  token_endpoint: config.token_endpoint,
  userinfo_endpoint: config.userinfo_endpoint
)
verifier, state, nonce = Array.new(3) { SecureRandom.urlsafe_base64(48) }
challenge = Base64.urlsafe_encode64(OpenSSL::Digest::SHA256.digest(verifier), padding: false)
puts client.authorization_uri(
  scope: %i[openid profile offline_access], state: state, nonce: nonce, resource: api,
  code_challenge: challenge, code_challenge_method: 'S256'
)
$stdout.flush

redirected = URI.decode_www_form(URI($stdin.gets.strip).query).to_h
raise 'another state' unless redirected['state'] == state

client.authorization_code = redirected.fetch('code')
token = client.access_token!(:basic, code_verifier: verifier)
id_token = OpenIDConnect::ResponseObject::IdToken.decode(token.id_token, config.jwks)
id_token.verify!(issuer: issuer, client_id: client_id, nonce: nonce)
userinfo = token.userinfo!
client.refresh_token = token.refresh_token
refreshed = client.access_token!(:basic)
account = JSON.parse(refreshed.get("#{api}/me").body)
puts JSON.generate(user: id_token.raw_attributes, userinfo: userinfo.as_json, account: account)
