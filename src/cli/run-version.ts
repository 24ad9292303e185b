import { version } from './version.ts';

export function runVersion(): void {
  process.stdout.write(`anycast ${version} (Node ${process.versions.node})\n`);
}
