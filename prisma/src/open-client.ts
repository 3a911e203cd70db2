import type pg from 'pg'
import type { PrismaClient } from './generated/client.ts'

/** Prisma's client on these connections. It comes with a query engine, which is loaded now and not before. */
export async function openPrismaClient(pool: pg.Pool): Promise<PrismaClient> {
  const [{ PrismaPg }, { PrismaClient }] = await Promise.all([
    import('@prisma/adapter-pg'),
    import('./generated/client.ts')
  ])
  return new PrismaClient({ adapter: new PrismaPg(pool) })
}
