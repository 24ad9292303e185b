import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** Beside the bundle, and, from here, in the source tree. */
const folders = [new URL('./crds/', import.meta.url), new URL('../../crds/', import.meta.url)];

/** Prints the custom resource definitions as one YAML stream. */
export function runCrds(): void {
  const folder = folders.find((url) => existsSync(url));
  if (folder === undefined) throw new Error('the folder crds/ is missing from this installation; install it again');
  for (const file of readdirSync(folder).sort()) process.stdout.write(`---\n${readFileSync(new URL(file, folder), 'utf8')}`);
}
