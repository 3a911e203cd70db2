import { runService, secretNames, withSecretFiles } from '@countersign/service-kit'
import { loadConfig, variables } from './config.ts'
import { createBffService } from './server.ts'

await runService(async () => createBffService(loadConfig(await withSecretFiles(process.env, secretNames(variables)))))
