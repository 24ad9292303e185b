import { z } from 'zod';
import { statusFields } from './conditions.ts';
import { ageColumn, conditionColumn, defineKind, messageColumn, reasonColumn } from './kind.ts';
import { limits } from './limits.ts';
import { parserOf } from './parse.ts';
import { count, list, prefix } from './schema.ts';
import { selecting } from './selector.ts';

const spec = z.object({
  addresses: list(prefix, 'set', { min: 1, max: limits.poolAddresses }).describe(
    'The addresses, as prefixes such as 192.0.2.0/24 or 2001:db8:53::/64, or one by one. At least one.',
  ),
  namespaceSelector: selecting("Which namespaces' Services may use the pool"),
  serviceSelector: selecting('Which Services may use the pool'),
});

const status = z.object({
  ...statusFields('Accepted: the spec can be followed. Ready: the pool is in use, or can be.'),
  assigned: count.exactOptional().describe('Addresses of the pool that Services hold.'),
});

export const anycastPool = defineKind({
  kind: 'AnycastPool',
  plural: 'anycastpools',
  shortName: 'acpool',
  namespaced: false,
  description:
    'An AnycastPool holds addresses and says which Services may use them. An address that is in no pool that its Service may use is not announced. Taking an address out of a pool withdraws its routes.',
  spec: spec.describe('What is wanted.'),
  status: status.describe('What is so, as the operator sees it.'),
  columns: [
    { name: 'Addresses', type: 'string', jsonPath: '.spec.addresses', description: 'The addresses of the pool.' },
    { name: 'Assigned', type: 'integer', jsonPath: '.status.assigned', description: 'Addresses that Services hold.' },
    conditionColumn('Ready', 'Whether Services can use it.'),
    reasonColumn,
    ageColumn,
    messageColumn,
  ],
});

export type AnycastPoolSpec = z.output<typeof spec>;
export type AnycastPoolStatus = z.output<typeof status>;

/** Reads an AnycastPool. */
export const parseAnycastPool = parserOf(anycastPool);
