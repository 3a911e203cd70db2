import { runService, withSecretFiles } from '@countersign/service-kit'
import { loadConfig, secretVariables } from './config.ts'
import { createAuthService } from './server.ts'

await runService(async () => createAuthService(loadConfig(await withSecretFiles(process.env, secretVariables))))
