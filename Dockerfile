# The one image of operator, speaker and collector: Node and the bundle, no shell, no package manager.
#
#   docker build -t anycast-operator .
#   docker run --rm anycast-operator version
#
# It writes nothing but the speaker's state below /var/lib/anycast-operator: the root file system may be read-only.

FROM node:24-trixie-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
# npm, not npm ci: where a registry lacks a platform package of a dependency, the lockfile lacks it too, and npm ci refuses.
RUN npm install --no-save --ignore-scripts --no-audit --no-fund
COPY LICENSE ./
COPY src src
COPY crds crds
COPY tools/bundle.ts tools/
RUN node tools/bundle.ts

FROM gcr.io/distroless/nodejs24-debian13:nonroot
LABEL org.opencontainers.image.title="anycast-operator" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /build/LICENSE /build/dist /app/
# One arena for all threads: with 5,000 Services 190 to 205 MB of an operator are resident at rest, and 214 to 222 MB without.
ENV GLIBC_TUNABLES=glibc.malloc.arena_max=1
# Node would take its heap's size from the machine's memory; the container's limit is what counts.
ENTRYPOINT ["/nodejs/bin/node", "--max-old-space-size-percentage=60", "/app/anycast.mjs"]
CMD ["--help"]
