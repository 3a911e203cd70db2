import { defineConfig } from 'prisma/config'

export default defineConfig({
  schema: 'schema.prisma',
  migrations: { path: 'migrations' },
  // Only the Prisma CLI reads this, for those who prefer `prisma migrate deploy`.
  // biome-ignore lint/style/noProcessEnv: the CLI's own configuration file
  datasource: { url: process.env.DATABASE_URL ?? '' }
})
