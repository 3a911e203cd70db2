import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { PrismaPg } from '@prisma/adapter-pg'
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils'
import type { SchemaEngine } from '@prisma/schema-engine-wasm'
import type pg from 'pg'

type EngineExports = { __wbindgen_start(): void }

interface EngineModule {
  __wbg_set_wasm(exports: EngineExports): void
  SchemaEngine: {
    new: (
      options: { datamodels: [string, string][] },
      log: (line: string) => void,
      adapter: ReturnType<typeof bindMigrationAwareSqlAdapterFactory>
    ) => Promise<SchemaEngine>
  }
}

/** Node has WebAssembly; its types stand in the DOM library, which has no place in a server's types. */
declare const WebAssembly: {
  instantiate(bytes: Uint8Array, imports: Record<string, unknown>): Promise<{ instance: { exports: unknown } }>
}

/** Once for a process: the package keeps its instance in a variable of its own, and a second one would pull it from under the first. */
let engineModule: Promise<EngineModule> | undefined

/**
 * Prisma's own migration engine as WebAssembly: the same code and the same `_prisma_migrations` table as
 * `prisma migrate deploy`, with no engine binary to download.
 * @param pool is the caller's to end: freeing the engine does not
 */
export async function createSchemaEngine(pool: pg.Pool, schema: string): Promise<SchemaEngine> {
  engineModule ??= loadEngineModule()
  const { SchemaEngine } = await engineModule
  const adapter = bindMigrationAwareSqlAdapterFactory(new PrismaPg(pool))
  return SchemaEngine.new({ datamodels: [['schema.prisma', schema]] }, () => {}, adapter)
}

/** The package's entry imports the `.wasm` as a module, which only bundlers do; so it is instantiated here. */
async function loadEngineModule(): Promise<EngineModule> {
  const glue = '@prisma/schema-engine-wasm/schema_engine_bg'
  const engineModule = (await import(glue)) as EngineModule
  const wasmFile = createRequire(import.meta.url)
    .resolve(glue)
    .replace(/\.js$/, '.wasm')
  const { instance } = await WebAssembly.instantiate(await readFile(wasmFile), {
    './schema_engine_bg.js': engineModule
  })
  const exports = instance.exports as EngineExports
  engineModule.__wbg_set_wasm(exports)
  exports.__wbindgen_start()
  return engineModule
}
