/** The template for statements, as Prisma has it, without its client. */
export { default as sql, empty, join, raw, Sql } from 'sql-template-tag'
