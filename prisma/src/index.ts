/** The database: its migrations and the generated client. Only the auth-service's stores and the runners import it. */

export { PrismaPg } from '@prisma/adapter-pg'
export { Prisma, PrismaClient } from './generated/client.ts'
export { type MigrateOptions, MigrationError, migrate } from './migrate.ts'
export { findSchemaFault, readSchemaState, SchemaError, type SchemaState } from './schema-state.ts'
