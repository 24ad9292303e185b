# make demo   sets itself up and runs the main job; KEEP=1 leaves it running
# make test   sets itself up and runs every lane
# make check  the static checks only
# make faults the faults of test/faults at full length: 25 minutes
# make soak   readiness changes for an hour, 100 per second: memory, handles, routes (SECONDS=…, RATE=…)
# make fuzz   ten million messages against the BGP decoder and a session; MESSAGES=, SEED= and FROM= choose others
# make connections  opens 100,000 connections through kube-proxy while pods and nodes come and go: needs root and Go, like the cluster tests
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
NPM_INSTALL = npm install --no-save --ignore-scripts --no-audit --no-fund --engine-strict=false --loglevel=error

.PHONY: demo test check fuzz generate setup soak connections faults
setup: node_modules/.package-lock.json

demo: setup
	@node src/cli/main.ts demo $(if $(KEEP),--keep,)

test: setup
	@test/run

faults: setup
	@KUBEBUILDER_ASSETS=$$(test/envtest/servers/build) FAULTS=full vitest run --project faults

soak: setup
	@node bench/run.ts soak --json --seconds $(or $(SECONDS),3600) --rate $(or $(RATE),100)

check: setup
	@npm run --silent check

fuzz: setup
	@node test/fuzz/run.ts $(if $(MESSAGES),--messages $(MESSAGES)) $(if $(SEED),--seed $(SEED)) $(if $(FROM),--from $(FROM))

connections: setup
	@test/support/install-debian-packages
	@KUBEBUILDER_ASSETS=$$(test/envtest/servers/build) ANYCAST_CONNECTIONS=100000 vitest run --project envtest test/envtest/connections.test.ts

generate: setup
	@npm run --silent generate

# npm, not npm ci: where a registry lacks a platform package of a dependency, the lockfile lacks it too, and npm ci refuses.
node_modules/.package-lock.json: package.json package-lock.json
	@$(NPM_INSTALL)
	@node -e 'process.exit(+process.versions.node.split(".")[0] >= 24 ? 0 : 1)' || { echo "needs Node 24 or newer: install it and run make again" >&2; exit 1; }
	@touch $@
