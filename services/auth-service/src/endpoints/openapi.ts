import { z } from 'zod'
import { errorResponse } from './bodies.ts'
import type { Route } from './route.ts'

const reasons: Record<number, string> = {
  400: 'The request is malformed, or its grant is invalid.',
  401: 'No valid credentials.',
  403: 'Not allowed.',
  404: 'There is no such thing.',
  409: 'It exists already, or changed meanwhile.',
  413: 'The body is larger than 16 KiB.',
  415: 'The body is of another type than this route reads.',
  429: 'Too many attempts; Retry-After says when to come again.',
  503: 'A dependency is away, or the service is full; Retry-After says when to come again.'
}

/** The OpenAPI 3.1 description, made from the schemas that validate. */
export function describeRoutes(routes: readonly Route[], issuer: string): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const route of routes) {
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [route.method]: describeRoute(route) }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Countersign auth-service', version: '1', description: 'Issues tokens that can be taken back.' },
    servers: [{ url: issuer }],
    paths,
    components: {
      schemas: { Error: schemaOf(errorResponse, 'output') },
      securitySchemes: { accessToken: { type: 'http', scheme: 'bearer', bearerFormat: 'at+jwt' } }
    }
  }
}

function describeRoute(route: Route): Record<string, unknown> {
  const { status, schema } = route.answer
  return {
    summary: route.summary,
    ...(route.needsAccessToken ? { security: [{ accessToken: [] }] } : {}),
    parameters: describeParameters(route),
    ...(route.body
      ? { requestBody: { required: !route.isBodyOptional, content: json(schemaOf(route.body, 'input')) } }
      : {}),
    ...(route.form
      ? {
          requestBody: {
            required: true,
            content: { 'application/x-www-form-urlencoded': { schema: schemaOf(route.form, 'input') } }
          }
        }
      : {}),
    responses: {
      [status]: schema ? { description: 'Done.', content: json(schemaOf(schema, 'output')) } : { description: 'Done.' },
      ...Object.fromEntries(
        route.errors.map((error) => [
          error,
          { description: reasons[error], content: json({ $ref: '#/components/schemas/Error' }) }
        ])
      )
    }
  }
}

function describeParameters({ path, query }: Route): Record<string, unknown>[] {
  const inPath = [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: ['id', 'session_id'].includes(name ?? '') ? { type: 'string', format: 'uuid' } : { type: 'string' }
  }))
  const inQuery = Object.entries(query?.shape ?? {}).map(([name, schema]) => ({
    name,
    in: 'query',
    required: false,
    schema: schemaOf(schema as z.ZodType, 'input')
  }))
  return [...inPath, ...inQuery]
}

function json(schema: unknown): Record<string, unknown> {
  return { 'application/json': { schema } }
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Record<string, unknown> {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, target: 'draft-2020-12' })
  return rest
}
