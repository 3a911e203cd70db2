import type { VerifiedAccessToken } from '@countersign/verifier'
import type { Context } from 'koa'
import type { z } from 'zod'
import type { ClientInfo } from '../client-info.ts'
import type { ConfirmedClient } from '../clients/client-store.ts'
import type { DpopKey } from '../tokens/dpop-key.ts'
import type { BrowserResponse } from './browser-response.ts'
import type { EventStream } from './event-stream.ts'
import type { JsonText } from './json-text.ts'
import type { LineStream } from './line-stream.ts'

/** The access token of a user: a client's own token has no session and no username. */
export type UserAccessToken = VerifiedAccessToken & { readonly sid: string; readonly preferred_username: string }

/** Who may call a route, which decides what its handler knows about the caller. The rules are in access-rules.ts. */
export interface Callers {
  /** Everybody. */
  public: object
  /** Everybody, while registration is open. */
  registrant: object
  /** A user, or a service that acts for one (RFC 8693). */
  user: { readonly accessToken: UserAccessToken }
  'user-in-person': { readonly accessToken: UserAccessToken }
  /** The holder of the refresh token in the body; without one in the body, a user in person. */
  'refresh-token-or-user': { readonly accessToken: UserAccessToken | undefined; readonly dpopKey: DpopKey | undefined }
  /** A user who has the role `admin`, but not a service that acts for one. */
  admin: { readonly accessToken: UserAccessToken }
  /** An admin, or a client whose own token has the scope `statistics:read`. */
  'statistics-reader': { readonly accessToken: VerifiedAccessToken }
  /** A client whose own token has the scope `revocations:read`; anybody, where the configuration opens the feed. */
  'revocations-reader': { readonly accessToken: VerifiedAccessToken | undefined }
  /** A user, with a token for whatever audience, issued to a client that may know of its user. */
  'identity-reader': { readonly accessToken: VerifiedAccessToken & { readonly sid: string } }
  /** A proxy that asks about a request, with that request's token for the API that the query names. */
  'forwarded-request': { readonly accessToken: VerifiedAccessToken }
  /** A client that names itself in the form, and authenticates itself if it is no public one. */
  client: { readonly client: ConfirmedClient }
  /** A client that authenticates itself. */
  'confidential-client': { readonly client: ConfirmedClient }
}

export type Access = keyof Callers

/** The definition of a route: its checks, its handler's types and its place in OpenAPI all come from this. */
export interface RouteDeclaration {
  readonly method: 'get' | 'post' | 'patch' | 'delete'
  readonly path: string
  /** Its path in the previous version, which clients may use for one more version. */
  readonly formerPath?: string
  /** One line, for OpenAPI. */
  readonly summary: string
  readonly access: Access
  /** All members are strings. If one does not match, the response is 404 with the schema's message. */
  readonly params?: z.ZodObject
  /** All members are strings. */
  readonly query?: z.ZodObject
  readonly body?: z.ZodType
  /**
   * Default `json`. An absent `optional-json` counts as `{}`; a `form` is as in OAuth (RFC 6749 §3.2). Of `ndjson` the schema is that of a
   * line, and the handler checks the lines as it reads them.
   */
  readonly bodyFormat?: 'json' | 'optional-json' | 'form' | 'ndjson'
  /** Whether a DPoP proof binds what is issued to its key (RFC 9449 §5). */
  readonly takesProof?: true
  /** Whether the user has to have signed in lately. Default: for what changes something as an admin. */
  readonly needsRecentSignIn?: true
  /** `password-hashing`: takes a place in the hashing queue before the body is read, and delays rejections. */
  readonly limit?: 'password-hashing'
  /** Whether pages of other origins may call it and read the response, without cookies (CORS). */
  readonly allowsOtherOrigins?: true
  /** Whether the handler sets how long a response may be cached; all others are `no-store`. */
  readonly isCacheable?: true
  readonly response: {
    readonly status: 200 | 201 | 202 | 204 | 303
    readonly schema?: z.ZodType
    /** Whether the response is a stream of events, which goes on for as long as the handler wants. */
    readonly isEventStream?: true
    /** Whether the response is NDJSON; the schema is that of a line. */
    readonly isLineStream?: true
  }
  /** Whether a user with a second factor must have shown it in this session. */
  readonly needsSecondFactor?: true
  /** Bodies of errors that say more than other errors, by their status. */
  readonly errorBodies?: Readonly<Record<number, z.ZodType>>
  /** Statuses of errors that the handler itself returns; those of the checks come from the rest of the declaration. */
  readonly errors?: readonly number[]
}

/** The input of a handler, all checked. */
export type RouteRequest<S extends RouteDeclaration> = {
  readonly params: Parsed<S['params']>
  readonly query: Parsed<S['query']>
  readonly body: S['bodyFormat'] extends 'ndjson' ? AsyncIterable<string> : Parsed<S['body']>
  /** The key of the request's DPoP proof. */
  readonly dpopKey: DpopKey | undefined
  /** Where the request came from. */
  readonly origin: ClientInfo
  /** For the response's own headers. */
  readonly ctx: Context
} & Callers[S['access']]

type Parsed<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined

/** The body of the response, by its schema. */
export type RouteResponse<S extends RouteDeclaration> = S['response'] extends { readonly status: 303 }
  ? BrowserResponse
  : S['response'] extends { readonly isEventStream: true }
    ? EventStream
    : S['response'] extends { readonly isLineStream: true }
      ? LineStream
      : S['response'] extends {
            readonly schema: infer T extends z.ZodType
          }
        ? Unchangeable<z.input<T>> | JsonText
        : // biome-ignore lint/suspicious/noConfusingVoidType: a handler without a body returns nothing
          void

type Unchangeable<T> = T extends readonly (infer Item)[]
  ? readonly Unchangeable<Item>[]
  : T extends object
    ? { readonly [Name in keyof T]: Unchangeable<T[Name]> }
    : T

/** Counts how a request ended: without an error code, or with one. The body is absent when it was not read. */
export type Observe<S extends RouteDeclaration> = (
  body: Parsed<S['body']> | undefined,
  code: string | undefined
) => void

/** A handler without its types: the definition's checks run before it. */
export type Handler = (request: never) => unknown

/** Whether its user has to have signed in lately (RFC 9470). */
export function needsRecentSignIn({ access, method, needsRecentSignIn }: RouteDeclaration): boolean {
  return needsRecentSignIn ?? (access === 'admin' && method !== 'get')
}

/** A definition with its handler. `Deps` are the dependencies of the handler. */
export interface Route<Deps = never> extends RouteDeclaration {
  readonly bind: (deps: Deps) => Handler
  readonly observe?: ((deps: Deps) => Observe<RouteDeclaration>) | undefined
}

/**
 * Defines a route.
 * @param bind makes the handler; its response goes out with the declared status
 * @param observe makes the function that counts the results of its requests
 */
export function defineRoute<const S extends RouteDeclaration, Deps>(
  declaration: S,
  bind: (deps: Deps) => (request: RouteRequest<S>) => RouteResponse<S> | Promise<RouteResponse<S>>,
  observe?: (deps: Deps) => Observe<S>
): Route<Deps> {
  return { ...declaration, bind, observe: observe as Route<Deps>['observe'] }
}

/** The dependencies of the handlers of all these routes. */
export type DepsOf<Routes extends readonly Route[]> = Intersection<
  Routes[number] extends infer One ? (One extends Route<infer Deps> ? Deps : never) : never
>

type Intersection<Union> = (Union extends unknown ? (one: Union) => void : never) extends (all: infer All) => void
  ? All
  : never
