import type { Middleware } from 'koa'
import type { z } from 'zod'

/** A route: what it does, and what OpenAPI says of it. */
export interface Route {
  method: 'get' | 'post' | 'patch' | 'delete'
  path: string
  summary: string
  handlers: Middleware[]
  query?: z.ZodObject
  /** A JSON body. */
  body?: z.ZodType
  isBodyOptional?: boolean
  /** A form body, as OAuth has it. */
  form?: z.ZodType
  needsAccessToken?: boolean
  answer: { status: number; schema?: z.ZodType }
  errors: number[]
}
