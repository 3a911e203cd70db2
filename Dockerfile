# One target for each image: auth-service, resource-service, bff-service, migrate (brings the database up to date) and
# secrets (makes the secrets of a Compose installation). Each program is bundled with the packages that it runs; only what has
# native modules stays in node_modules.
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
# Whether the process responds: an orchestrator that restarts on this must not do so because a dependency is unavailable.
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
COPY dev/bundle.mjs dev/redis-client.mjs dev/
RUN node dev/bundle.mjs services/auth-service services/resource-service services/bff-service prisma \
 && (cd services/bff-service/web && npx --no-install vite build) \
 && find services/bff-service/web/dist -name '*.map' -delete \
 && mkdir /bundled && cp -r --parents shared/service-kit/package.json services/*/package.json services/*/bundle services/bff-service/web/dist \
      prisma/package.json prisma/bundle prisma/migrations /bundled

# sbom.cdx.json lists what a bundle has, and what stays in node_modules, in the form of CycloneDX. Prisma's client names its command
# line and TypeScript as optional peers, the verifier its frameworks, and npm installs optional peers that the lock file holds for
# development. Where no workspace has devDependencies, --omit=peer leaves them out.
FROM manifests AS auth-service-packages
RUN npm pkg delete devDependencies --workspaces --include-workspace-root
RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev --omit=peer --workspace services/auth-service \
 && find node_modules -mindepth 1 -maxdepth 1 ! -name piscina ! -name @node-rs ! -name @napi-rs -exec rm -r {} + \
 && find node_modules -type f \( -name '*.ts' -o -name '*.[cm]ts' -o -name '*.map' \) -delete
# Last, so that the packages need not wait for the build, nor be installed again after a change of a source file.
COPY docker/bill-of-materials.mjs /
COPY --from=build /bundled/services/auth-service/bundle/packages.json /
RUN node /bill-of-materials.mjs /packages.json > sbom.cdx.json

FROM manifests AS resource-service-packages
COPY docker/bill-of-materials.mjs /
COPY --from=build /bundled/services/resource-service/bundle/packages.json /
RUN node /bill-of-materials.mjs /packages.json > sbom.cdx.json

FROM manifests AS bff-service-packages
COPY docker/bill-of-materials.mjs /
COPY --from=build /bundled/services/bff-service/bundle/packages.json /
RUN node /bill-of-materials.mjs /packages.json > sbom.cdx.json

FROM manifests AS migrate-packages
COPY docker/bill-of-materials.mjs /
COPY --from=build /bundled/prisma/bundle/packages.json /
RUN node /bill-of-materials.mjs /packages.json > sbom.cdx.json

FROM service AS auth-service
LABEL org.opencontainers.image.title="countersign-auth-service" org.opencontainers.image.description="Signs users in, issues access tokens and refresh tokens, publishes their keys."
COPY --from=auth-service-packages /app/node_modules node_modules
COPY --from=auth-service-packages /app/sbom.cdx.json ./
COPY --from=build /bundled/shared shared
COPY --from=build /bundled/prisma/migrations prisma/migrations
COPY --from=build /bundled/services/auth-service services/auth-service
COPY --chmod=755 docker/countersign /usr/local/bin/countersign
ENV PORT=4000 MANAGEMENT_PORT=9000
EXPOSE 4000 9000
CMD ["node", "services/auth-service/bundle/main.js"]

FROM service AS resource-service
LABEL org.opencontainers.image.title="countersign-resource-service" org.opencontainers.image.description="A sample API that verifies tokens without a database."
COPY --from=resource-service-packages /app/sbom.cdx.json ./
COPY --from=build /bundled/shared shared
COPY --from=build /bundled/services/resource-service services/resource-service
ENV PORT=4001 MANAGEMENT_PORT=9001
EXPOSE 4001 9001
CMD ["node", "services/resource-service/bundle/main.js"]

FROM service AS bff-service
LABEL org.opencontainers.image.title="countersign-bff-service" org.opencontainers.image.description="Keeps the sessions of browsers, so that no script sees a token."
COPY --from=bff-service-packages /app/sbom.cdx.json ./
COPY --from=build /bundled/shared shared
COPY --from=build /bundled/services/bff-service services/bff-service
ENV PORT=4002 MANAGEMENT_PORT=9002
EXPOSE 4002 9002
CMD ["node", "services/bff-service/bundle/main.js"]

FROM runtime AS migrate
LABEL org.opencontainers.image.title="countersign-migrate" org.opencontainers.image.description="Brings the database to the schema of this version."
COPY --from=migrate-packages /app/sbom.cdx.json ./
COPY --from=build /bundled/prisma prisma
CMD ["node", "prisma/bundle/main.js"]

FROM runtime AS secrets
LABEL org.opencontainers.image.title="countersign-secrets" org.opencontainers.image.description="Makes the secrets of a Compose installation."
COPY docker/make-secrets.mjs ./
USER root
# A volume takes over the owner and mode of the folder that it is first mounted on.
RUN install -d -o node -g node -m 750 /run/countersign/issuer /run/countersign/database /run/countersign/redis \
      /run/countersign/verifier /run/countersign/browser /run/countersign/clients
USER 1000:1000
ENTRYPOINT ["node", "make-secrets.mjs"]
