/**
 * The layers of a folder, the lowest first. A layer names rooms: a folder, a single file, or `.` for the files that lie in the folder
 * itself. A file belongs to the room that names it most exactly, and imports from its own room and from lower layers alone.
 */
export type Layers = readonly (readonly string[])[]

/** Each folder whose order is kept, by its path from the root of the repository. */
export const layersOfFolders: Readonly<Record<string, Layers>> = {
  'shared/verifier/src': [
    // What a token and its claims are called, the errors, the clock, the logger, checks of options.
    ['.'],
    // Base64url, JSON objects and compact JWS, read strictly.
    ['encoding'],
    // The issuer's keys, its denylist, and proofs of possession: none knows the others.
    ['keys', 'revocation', 'dpop'],
    // The verifier brings the three together. The issuer, Redis or this process carries the denylist; the last two remember used proofs.
    ['token', 'issuer-feed', 'redis', 'in-process'],
    // Requests and responses, without a framework.
    ['http'],
    // An issuer for tests.
    ['testing'],
    // The entry points: none loads another.
    ['index.ts', 'http/express.ts', 'http/fastify.ts', 'http/hono.ts', 'http/koa.ts']
  ],
  'services/auth-service/src': [
    // What ids look like, where a request came from, hashes, escaped markup.
    ['identifiers.ts', 'client-info.ts', 'hashes.ts', 'html.ts'],
    // Work that knows nothing of tokens.
    ['outbound', 'outbox', 'housekeeping', 'revocation'],
    // The signing keys, and the audit log.
    ['keys', 'audit'],
    ['tokens', 'passwords', 'mail'],
    // Who gets tokens, and for what: services, sessions, users; APIs and the roles that hold their scopes.
    ['clients', 'sessions', 'apis', 'roles'],
    ['accounts'],
    ['sign-in'],
    ['providers'],
    // Sign-ins to clients and sign-outs from them: requests, and what they still need.
    ['authorization', 'logout'],
    // What is counted, and what is configured.
    ['configuration'],
    ['metrics.ts', 'config.ts'],
    // The ways to a token, and figures for people.
    ['grants', 'statistics'],
    // Where all of that is kept.
    ['stores/postgres', 'stores/in-process'],
    ['stores/redis'],
    // Bodies, cursors and summaries, for endpoints and the command line alike.
    ['wire'],
    // Users in files and bodies of lines, for endpoints and the command line alike.
    ['user-files'],
    // How a request gets to an endpoint.
    ['routing'],
    ['infrastructure.ts', 'await-schema.ts', 'database-watch.ts', 'recorders.ts'],
    ['start-revocation.ts'],
    // What requests do, and what goes on beside them.
    ['endpoints', 'background-work.ts'],
    // The two programs: the service and the command line.
    ['cli', 'server.ts'],
    ['main.ts']
  ],
  'services/bff-service/src': [
    ['metrics.ts'],
    // The auth-service, as its client sees it.
    ['issuer'],
    // What the cookie stands for, without HTTP.
    ['sessions'],
    // Checks of a request, and its cookies.
    ['requests', 'pages'],
    ['proxy'],
    // The operator's own app, which gets no token.
    ['app'],
    ['config.ts', 'endpoints'],
    ['server.ts'],
    ['main.ts']
  ],
  'services/bff-service/web/src': [
    // What the pages say, in each language, and how they look.
    ['texts', 'brand-colors.ts', 'branding.ts'],
    // Requests to the services, and the JSON of their responses.
    ['api'],
    // What pages are made of; none of it knows who is signed in.
    ['components', 'style-nonce.ts', 'styles.ts', 'theme.ts'],
    ['forms', 'layout'],
    // Who is signed in, and the pages where that changes.
    ['session'],
    // What is around each page.
    ['shell'],
    ['account', 'admin', 'authorize'],
    ['routes.tsx'],
    ['app.tsx'],
    ['main.tsx']
  ]
}
