/** The database: its migrations, the template for statements, and the generated client. Only the auth-service's stores and the runners import it. */

export type { PrismaClient } from './generated/client.ts'
export { type MigrateOptions, MigrationError, migrate } from './migrate.ts'
export { openPrismaClient } from './open-client.ts'
export { findSchemaFault, readSchemaState, SchemaError, type SchemaState } from './schema-state.ts'
export * as Prisma from './sql.ts'
