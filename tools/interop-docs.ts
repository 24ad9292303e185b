/**
 * Makes docs/interop.md from what the last run of the interop lane saw.
 *
 *     npm run interop-docs             runs the lane, and writes
 *     node tools/interop-docs.ts --check   writes nothing; fails where the document says something else
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cell, Row, Seen } from '../test/interop/seen.ts';

const root = join(import.meta.dirname, '..');
const seenFolder = join(root, '.test-results/interop');
const document = join(root, 'docs/interop.md');
/** The columns. */
const routers = ['FRR', 'BIRD', 'GoBGP', 'OpenBGPD', 'ExaBGP'];

function readSeen(): Seen[] {
  const files = existsSync(seenFolder) ? readdirSync(seenFolder) : [];
  const missing = routers.filter((router) => !files.includes(`${router}.json`));
  if (missing.length > 0) throw new Error(`no run with ${missing.join(', ')}: first run vitest run --project interop`);
  return routers.map((router) => JSON.parse(readFileSync(join(seenFolder, `${router}.json`), 'utf8')));
}

/** A table, and below it why some routers can't do some of it. */
function render(all: readonly Seen[]): string {
  const reasons: string[] = [];
  const note = (reason: string): string => {
    if (!reasons.includes(reason)) reasons.push(reason);
    return `[${reasons.indexOf(reason) + 1}]`;
  };
  const cellText = (cell: Cell | undefined): string => {
    if (cell === undefined || cell.outcome === 'fails') return 'fails';
    return cell.outcome === 'cannot' ? `– ${note(cell.why)}` : ['✓', cell.seen].join(' ').trim();
  };
  const rows = (all[0]?.rows ?? []).map(({ id, title }: Row) => [
    title,
    ...all.map(({ rows: theirs }) => cellText(theirs.find((row) => row.id === id)?.cell)),
  ]);
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return `<!-- Made by tools/interop-docs.ts from a run of the interop lane: change the tests, not this file. -->
# Interoperability

What \`npm run interop-docs\` saw: our speaker, a process of its own, with the routing daemons of Debian 12, each in a network namespace. ✓ means: on all eight kinds of session at once, over IPv4 and IPv6, eBGP and iBGP, where we dial and where the router does; or on those that the cell names. Each reason below was seen in the run too, wherever there is something to see.

${line(['', ...all.map(({ router, version }) => `${router} ${version}`)])}
${line(['---', ...all.map(() => '---')])}
${rows.map(line).join('\n')}
${reasons.length === 0 ? '' : `\n– the router can’t:\n${reasons.map((reason, index) => `${index + 1}. ${reason}`).join('\n')}\n`}`;
}

const content = render(readSeen());
if (!process.argv.includes('--check')) {
  writeFileSync(document, content);
} else if (!existsSync(document) || readFileSync(document, 'utf8') !== content) {
  console.error('docs/interop.md is not what the interop lane saw: run npm run interop-docs, and look at what differs');
  process.exitCode = 1;
}
