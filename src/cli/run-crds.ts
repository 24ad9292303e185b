import { readdirSync, readFileSync } from 'node:fs';

/** Prints the custom resource definitions as one YAML stream. */
export function runCrds(): void {
  const folder = new URL('../../crds/', import.meta.url);
  for (const file of readdirSync(folder).sort()) process.stdout.write(`---\n${readFileSync(new URL(file, folder), 'utf8')}`);
}
