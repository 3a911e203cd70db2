import { runService, secretNames, withSecretFiles } from '@countersign/service-kit'
import { loadConfig, variables } from './config.ts'
import { createAuthService } from './server.ts'

await runService(async () => createAuthService(loadConfig(await withSecretFiles(process.env, secretNames(variables)))))
