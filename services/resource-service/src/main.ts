import { runService, withSecretFiles } from '@countersign/service-kit'
import { loadConfig, secretVariables } from './config.ts'
import { createResourceService } from './server.ts'

await runService(async () => createResourceService(loadConfig(await withSecretFiles(process.env, secretVariables))))
