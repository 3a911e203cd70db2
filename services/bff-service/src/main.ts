import { runService, withSecretFiles } from '@countersign/service-kit'
import { loadConfig, secretVariables } from './config.ts'
import { createBffService } from './server.ts'

await runService(async () => createBffService(loadConfig(await withSecretFiles(process.env, secretVariables))))
