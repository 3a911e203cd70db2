// The three services in one process, with in-process adapters for what Redis does.
import { createInProcessRevocationLog } from '@countersign/verifier/in-process'
import * as auth from '../../../../services/auth-service/dist/server.js'
import * as bff from '../../../../services/bff-service/dist/server.js'
import * as resource from '../../../../services/resource-service/dist/server.js'

const revocationLog = createInProcessRevocationLog()
const authService = await auth.createAuthService(auth.loadConfig(process.env), {
  infrastructure: auth.createInProcessInfrastructure(revocationLog),
  generateAdminPassword: false,
  // Where a suite sets MAIL_FROM and PAGES_URL, and no mail server.
  onMail: () => {}
})
await authService.listen()
const env = { ...process.env, JWKS_URL: `${authService.url}/.well-known/jwks.json`, AUTH_URL: authService.url }
const resourceService = await resource.createResourceService(resource.loadConfig(env), { revocationLog })
await resourceService.listen()
const services = [resourceService, authService]
const urlsOf = ({ url, managementUrl }) => ({ url, managementUrl })
const urls = { 'auth-service': urlsOf(authService), 'resource-service': urlsOf(resourceService) }
if (env.BFF_SERVICE_PORT) {
  const bffEnv = {
    ...env,
    PORT: env.BFF_SERVICE_PORT,
    PUBLIC_URL: `http://localhost:${env.BFF_SERVICE_PORT}`,
    API_URL: resourceService.url
  }
  const bffService = await bff.createBffService(bff.loadConfig(bffEnv), { keepSessionsInProcess: true })
  await bffService.listen()
  services.unshift(bffService)
  urls['bff-service'] = { ...urlsOf(bffService), url: bffEnv.PUBLIC_URL }
}
process.stdout.write(`TRIO ${JSON.stringify(urls)}\n`)
process.once('SIGTERM', async () => {
  for (const service of services) await service.close()
  process.exit(0)
})
