# One target for each image: auth-service, resource-service, bff-service, migrate (brings the database up to date) and
# secrets (makes the secrets of a Compose installation). Sources are compiled once; each image gets only the packages
# that its own workspace needs.
ARG NODE_IMAGE=node:24-slim

FROM ${NODE_IMAGE} AS runtime
ARG VERSION=unreleased
ARG REVISION=unknown
LABEL org.opencontainers.image.vendor="Countersign" org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" org.opencontainers.image.revision="${REVISION}"
WORKDIR /app
ENV NODE_ENV=production
# By number, so that Kubernetes can tell that it is not root.
USER 1000:1000

FROM runtime AS service
# Whether the process answers: an orchestrator that restarts on this must not do so because a dependency is away.
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s CMD ["node", "-e", "\
  require('node:http') \
    .get({ port: process.env.MANAGEMENT_PORT, path: '/health/live' }, ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1)) \
    .on('error', () => process.exit(1))"]

FROM ${NODE_IMAGE} AS sources
WORKDIR /sources
COPY . .
RUN mkdir /manifests && cp --parents package.json package-lock.json */package.json */*/package.json */*/*/package.json /manifests

# The manifests alone, so that a changed source file installs nothing again. `npm ci` wants all of them.
FROM ${NODE_IMAGE} AS manifests
WORKDIR /app
ENV npm_config_audit=false npm_config_fund=false npm_config_update_notifier=false npm_config_ignore_scripts=true
COPY --from=sources /manifests ./

FROM manifests AS build
RUN --mount=type=cache,target=/root/.npm npm ci --include-workspace-root --workspace prisma \
  --workspace services/auth-service --workspace services/resource-service --workspace services/bff-service \
  --workspace services/bff-service/web
COPY tsconfig.base.json ./
COPY prisma prisma
# `prisma generate` never calls this engine; naming an existing file is what keeps Prisma from downloading one.
RUN cd prisma && PRISMA_SCHEMA_ENGINE_BINARY=/bin/true CHECKPOINT_DISABLE=1 npx --no-install prisma generate
COPY shared shared
COPY services services
RUN npx --no-install tsc -b prisma services/auth-service services/resource-service services/bff-service \
 && (cd services/bff-service/web && npx --no-install vite build) \
 && find . -path ./node_modules -prune -o \( -name '*.d.ts' -o -name '*.map' -o -name .tsbuildinfo \) -exec rm {} + \
 && mkdir /compiled && cp -r --parents shared/*/package.json shared/*/dist services/*/package.json services/*/dist services/bff-service/web/dist \
      prisma/package.json prisma/dist prisma/schema.prisma prisma/migrations /compiled

# Prisma's client names its command line and TypeScript as optional peers, the verifier the frameworks that it has adapters
# for, and npm installs optional peers that the lock file holds for development. Where no workspace has devDependencies,
# --omit=peer leaves them out. sbom.cdx.json lists what an image has, in the form of CycloneDX.
FROM manifests AS production
COPY docker/bill-of-materials.mjs /
RUN npm pkg delete devDependencies --workspaces --include-workspace-root

FROM production AS auth-service-packages
RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev --omit=peer --workspace services/auth-service \
 && node /bill-of-materials.mjs > sbom.cdx.json \
 && find node_modules/@prisma/client/runtime -name 'query_compiler_*' ! -name '*_fast_bg.postgresql.*mjs' -delete \
 && find node_modules -type f \( -name '*.ts' -o -name '*.[cm]ts' -o -name '*.map' \) -delete && rm -rf node_modules/@types

FROM production AS resource-service-packages
RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev --omit=peer --workspace services/resource-service \
 && node /bill-of-materials.mjs > sbom.cdx.json \
 && find node_modules -type f \( -name '*.ts' -o -name '*.[cm]ts' -o -name '*.map' \) -delete

# By its name, since the path stands for the pages below it too.
FROM production AS bff-service-packages
RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev --omit=peer --workspace @countersign/bff-service \
 && node /bill-of-materials.mjs > sbom.cdx.json \
 && find node_modules -type f \( -name '*.ts' -o -name '*.[cm]ts' -o -name '*.map' \) -delete

FROM production AS migrate-packages
RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev --omit=peer --workspace prisma \
 && node /bill-of-materials.mjs > sbom.cdx.json \
 && rm -rf node_modules/@prisma/client node_modules/@types \
 && find node_modules -type f \( -name '*.ts' -o -name '*.[cm]ts' -o -name '*.map' \) -delete

FROM service AS auth-service
LABEL org.opencontainers.image.title="countersign-auth-service" org.opencontainers.image.description="Signs users in, issues access tokens and refresh tokens, publishes their keys."
COPY --from=auth-service-packages /app/node_modules node_modules
COPY --from=auth-service-packages /app/sbom.cdx.json ./
COPY --from=build /compiled/shared shared
COPY --from=build /compiled/prisma prisma
COPY --from=build /compiled/services/auth-service services/auth-service
COPY --chmod=755 docker/countersign /usr/local/bin/countersign
ENV PORT=4000 MANAGEMENT_PORT=9000
EXPOSE 4000 9000
CMD ["node", "services/auth-service/dist/main.js"]

FROM service AS resource-service
LABEL org.opencontainers.image.title="countersign-resource-service" org.opencontainers.image.description="A sample API that verifies tokens without a database."
COPY --from=resource-service-packages /app/node_modules node_modules
COPY --from=resource-service-packages /app/sbom.cdx.json ./
COPY --from=build /compiled/shared shared
COPY --from=build /compiled/services/resource-service services/resource-service
ENV PORT=4001 MANAGEMENT_PORT=9001
EXPOSE 4001 9001
CMD ["node", "services/resource-service/dist/main.js"]

FROM service AS bff-service
LABEL org.opencontainers.image.title="countersign-bff-service" org.opencontainers.image.description="Keeps the sessions of browsers, so that no script sees a token."
COPY --from=bff-service-packages /app/node_modules node_modules
COPY --from=bff-service-packages /app/sbom.cdx.json ./
COPY --from=build /compiled/shared shared
COPY --from=build /compiled/services/bff-service services/bff-service
ENV PORT=4002 MANAGEMENT_PORT=9002
EXPOSE 4002 9002
CMD ["node", "services/bff-service/dist/main.js"]

FROM runtime AS migrate
LABEL org.opencontainers.image.title="countersign-migrate" org.opencontainers.image.description="Brings the database to the schema of this version."
COPY --from=migrate-packages /app/node_modules node_modules
COPY --from=migrate-packages /app/sbom.cdx.json ./
COPY --from=build /compiled/prisma prisma
CMD ["node", "prisma/dist/main.js"]

FROM runtime AS secrets
LABEL org.opencontainers.image.title="countersign-secrets" org.opencontainers.image.description="Makes the secrets of a Compose installation."
COPY docker/make-secrets.mjs ./
USER root
# A volume takes over the owner and mode of the folder that it is first mounted on.
RUN install -d -o node -g node -m 750 /run/countersign/issuer /run/countersign/database /run/countersign/redis \
      /run/countersign/verifier /run/countersign/browser /run/countersign/clients
USER 1000:1000
ENTRYPOINT ["node", "make-secrets.mjs"]
