import { runService } from '@countersign/service-kit'
import { loadConfig } from './config.ts'
import { createBffService } from './server.ts'

await runService(async () => createBffService(loadConfig(process.env)))
