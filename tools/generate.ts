/**
 * tools — makes every file of this repository that is made from other files.
 *
 *     node tools/generate.ts           writes them
 *     node tools/generate.ts --check   writes nothing; fails and names them where they are stale
 *
 * What is made is checked in, so that it can be read, reviewed and applied without running anything.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { baseCrds, chartCrds, crds } from './generate-crds.ts';
import { peerSettingsReference } from './generate-peer-settings.ts';
import { reasonReference } from './generate-reasons.ts';
import { resourceReference } from './generate-resources.ts';
import type { Generator, Output } from './generator.ts';

/** All generators: add yours here. */
const generators: readonly Generator[] = [crds, chartCrds, baseCrds, resourceReference, reasonReference, peerSettingsReference];

const root = join(import.meta.dirname, '..');

/** A file that is not as it should be; without content: it should not be there. */
type Stale = { readonly path: string; readonly content?: string };

async function staleOf(generator: Generator): Promise<Stale[]> {
  const outputs = await generator.outputs();
  return [...outputs.filter(differs), ...leftovers(generator, outputs)];
}

function differs({ path, content }: Output): boolean {
  const file = join(root, path);
  return !existsSync(file) || readFileSync(file, 'utf8') !== content;
}

function leftovers({ folder }: Generator, outputs: readonly Output[]): Stale[] {
  if (folder === undefined || !existsSync(join(root, folder))) return [];
  const made = new Set(outputs.map(({ path }) => path));
  const files = readdirSync(join(root, folder), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
  return paths.filter((path) => !made.has(path)).map((path) => ({ path }));
}

function write({ path, content }: Stale): void {
  const file = join(root, path);
  if (content === undefined) {
    rmSync(file);
  } else {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
}

const isCheck = process.argv.includes('--check');
for (const generator of generators) {
  for (const stale of await staleOf(generator)) {
    if (isCheck) {
      console.error(`${stale.path} (${generator.name}) is stale: run npm run generate`);
      process.exitCode = 1;
    } else {
      write(stale);
      console.log(`${stale.content === undefined ? 'removed' : 'wrote'} ${stale.path}`);
    }
  }
}
