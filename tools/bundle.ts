/**
 * Makes dist/: everything that the container image needs beside Node, and nothing else.
 *
 *     anycast.mjs, *.mjs    the program, bundled: it starts in a third of the time and needs half of the memory
 *     crds/                 what `anycast crds` prints
 *     node_modules/         koffi, the one native package, which can't be bundled, for this machine's architecture
 */
import { cpSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { basename, join } from 'node:path';
import { build, type Plugin } from 'esbuild';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');

/** Parts of the koffi package that only building it needs. */
const koffiSources = new Set(['doc', 'lib', 'vendor']);

/**
 * Node's own modules are required, not imported: to an import Node offers every export, and for that loads what hides behind
 * each. With node:http that is a whole second HTTP client; together it costs each process 15 MB and 50 ms.
 */
const requiredBuiltins: Plugin = {
  name: 'required-builtins',
  setup(making) {
    making.onResolve({ filter: /./ }, ({ path, kind }) =>
      kind === 'import-statement' && isBuiltin(path) ? { path, namespace: 'required-builtin' } : undefined,
    );
    making.onLoad({ filter: /./, namespace: 'required-builtin' }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(path)});`,
    }));
  },
};

/**
 * The HTTP client without what comes with it (fetch, WebSocket, cookies, caches, mocks), and of the Kubernetes client only what is
 * asked for: the rest would run at every start, and cost an operator 15 MB.
 */
const usedParts: Plugin = {
  name: 'used-parts',
  setup(making) {
    making.onResolve({ filter: /^undici$/ }, () => ({ path: 'undici', namespace: 'used-part' }));
    making.onLoad({ filter: /./, namespace: 'used-part' }, () => ({ contents: usedOfUndici, resolveDir: root }));
    making.onResolve({ filter: /client-node$|^\.\.?\// }, async ({ path, importer, resolveDir, kind, pluginData }) => {
      const isClient = path === '@kubernetes/client-node' || importer.includes('/@kubernetes/client-node/dist/');
      if (pluginData === usedParts || !isClient) return undefined;
      const found = await making.resolve(path, { importer, resolveDir, kind, pluginData: usedParts });
      return { path: found.path, errors: found.errors, sideEffects: false };
    });
  },
};

/** As its index does it. Who makes requests otherwise finds that there is no fetch. */
const usedOfUndici = `
  Object.assign(require('undici/lib/dispatcher/dispatcher').prototype, require('undici/lib/api'));
  exports.Agent = require('undici/lib/dispatcher/agent');
  exports.ProxyAgent = require('undici/lib/dispatcher/proxy-agent');
`;

rmSync(dist, { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: { anycast: 'src/cli/main.ts' },
  outdir: dist,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  // One chunk for each subcommand: the speaker never loads the Kubernetes client.
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  external: ['koffi'],
  plugins: [requiredBuiltins, usedParts],
  // Packages written as CommonJS ask for Node's own modules with require, which modules don't have.
  banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" },
  // Names stay, and lines are short: a stack trace can be read without source maps. Comments of packages go: one letter in them
  // that is not Latin makes Node keep the whole file with two octets a letter, which costs an operator 4 MB.
  minifySyntax: true,
  minifyWhitespace: true,
  lineLimit: 200,
  legalComments: 'linked',
  logLevel: 'warning',
});
cpSync(join(root, 'crds'), join(dist, 'crds'), { recursive: true });
copyPackage('koffi', (name) => !koffiSources.has(name));
for (const name of nativeParts()) copyPackage(`@koromix/${name}`, () => true);

/** The packages with koffi's machine code that npm chose for this machine; none where it has none. */
function nativeParts(): string[] {
  const folder = join(root, 'node_modules/@koromix');
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.startsWith('koffi-linux-')) : [];
}

function copyPackage(name: string, isNeeded: (entry: string) => boolean): void {
  const from = join(root, 'node_modules', name);
  const filter = (path: string): boolean => path === from || isNeeded(basename(path));
  cpSync(from, join(dist, 'node_modules', name), { recursive: true, filter });
}
