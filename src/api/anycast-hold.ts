import { hash } from 'node:crypto';
import { z } from 'zod';
import { statusFields } from './conditions.ts';
import { ageColumn, conditionColumn, defineKind, messageColumn, reasonColumn } from './kind.ts';
import { limits } from './limits.ts';
import { parserOf } from './parse.ts';
import { count, list, text } from './schema.ts';

const decidedHash = text(limits.holdHashLength).exactOptional();

const spec = z.object({
  approvedHash: decidedHash.describe(
    'The status.hash of a list that may go: what it lists is withdrawn. Another list has another hash, so that nothing is approved that was not read. Setting it is a right of its own. Default: nothing is approved.',
  ),
  restoredHash: decidedHash.describe(
    'The status.hash of a list whose objects are to be made anew: those that are being deleted are let go, and their routes stay until the objects are there again or the list is approved. Default: they are kept, and served.',
  ),
});

const removal = z.object({
  prefix: text(limits.prefixLength).describe('What would be withdrawn everywhere.'),
  service: text(limits.nameLength * 2 + 1).describe('namespace/name of the Service that has it.'),
  cause: z.enum(['removal', 'narrowing']).describe('removal: the Service is deleted. narrowing: another change takes the route away.'),
  reason: text(limits.wordLength).describe('Why, as one word; docs/reference/reasons.md lists them.'),
});

const status = z.object({
  ...statusFields('Approved: a person approved what is listed. Ready: the hold is over; while it is False, routes wait for a person.'),
  hash: text(limits.holdHashLength).exactOptional().describe('Names exactly what is listed: the same prefixes have the same hash.'),
  prefixes: count.exactOptional().describe('How many prefixes are listed.'),
  removals: list(removal, ['prefix'], { max: limits.holdRemovals }).exactOptional().describe('What is held, ascending by prefix.'),
});

export const anycastHold = defineKind({
  kind: 'AnycastHold',
  plural: 'anycastholds',
  shortName: 'achold',
  namespaced: false,
  description:
    'An AnycastHold lists prefixes that would be withdrawn everywhere and are not, because too many would go at once. The operator makes it, and removes it when nothing of it is left; a person approves it, or has the objects made anew.',
  spec: spec.describe('What a person decided.'),
  status: status.describe('What is held, and why.'),
  columns: [
    { name: 'Prefixes', type: 'integer', jsonPath: '.status.prefixes', description: 'How many prefixes wait.' },
    { name: 'Hash', type: 'string', jsonPath: '.status.hash', description: 'What to approve it by.' },
    conditionColumn('Approved', 'Whether a person approved it.'),
    conditionColumn('Ready', 'Whether it is over.'),
    reasonColumn,
    ageColumn,
    messageColumn,
  ],
});

/** Names a list of prefixes, whatever their order: 64 bits of SHA-256, as 16 hexadecimal digits. */
export const holdHash = (prefixes: readonly string[]): string =>
  hash('sha256', [...prefixes].sort().join('\n'), 'hex').slice(0, limits.holdHashLength);

export type AnycastHoldStatus = z.output<typeof status>;

/** Reads an AnycastHold. */
export const parseAnycastHold = parserOf(anycastHold);
