import { runService, secretNames, withSecretFiles } from '@countersign/service-kit'
import { loadConfig, variables } from './config.ts'
import { createResourceService } from './server.ts'

await runService(async () =>
  createResourceService(loadConfig(await withSecretFiles(process.env, secretNames(variables))))
)
