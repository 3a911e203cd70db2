// An auth-service and a resource-service in one process, with in-process adapters for what Redis does.
import { createInProcessRevocationLog } from '@countersign/verifier/in-process'
import * as auth from '../../../../services/auth-service/dist/server.js'
import * as resource from '../../../../services/resource-service/dist/server.js'

const revocationLog = createInProcessRevocationLog()
const authService = await auth.createAuthService(auth.loadConfig(process.env), {
  revocationLog,
  generateAdminPassword: false
})
await authService.listen()
const env = { ...process.env, JWKS_URL: `${authService.url}/.well-known/jwks.json`, AUTH_URL: authService.url }
const resourceService = await resource.createResourceService(resource.loadConfig(env), { revocationLog })
await resourceService.listen()
process.stdout.write(`PAIR ${authService.url} ${resourceService.url}\n`)
process.once('SIGTERM', async () => {
  await resourceService.close()
  await authService.close()
  process.exit(0)
})
