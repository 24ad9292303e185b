import { z } from 'zod';
import { statusFields } from './conditions.ts';
import { ageColumn, conditionColumn, defineKind, messageColumn, reasonColumn } from './kind.ts';
import { limits } from './limits.ts';
import { parserOf } from './parse.ts';
import { int32, list } from './schema.ts';
import { selecting } from './selector.ts';

const claim = z.object({
  namespaceSelector: selecting("Which namespaces' Services"),
  serviceSelector: selecting('Which Services'),
});

const removalGuard = z.object({
  graceSeconds: int32(0, limits.removalGraceSeconds)
    .default(5)
    .describe(
      'How long a route stays after what it rests on was deleted, in seconds, 0 to 60: what is made again in that time was never gone. A deleted Service is let go at once, and until the time is over nobody serves its address on these nodes. 0: routes are withdrawn first, and the Service goes after them. Default 5.',
    ),
  maxPercent: int32(1, 100)
    .default(25)
    .describe('Of all prefixes that are announced, how many percent may go within an hour; a single one always may. Default 25.'),
  maxPrefixes: int32(1, 1_000_000).default(100).describe('How many prefixes may go within an hour. Default 100.'),
  lastOfPool: z
    .enum(['Hold', 'Allow'])
    .default('Hold')
    .describe('Whether the last prefix of an AnycastPool waits for a person, Hold, or goes like any other, Allow. Default Hold.'),
});

const spec = z.object({
  mode: z
    .enum(['Announce', 'Observe'])
    .default('Announce')
    .describe(
      'Announce, or Observe: everything is computed and reported, no BGP session is opened, and Services stay untouched: for trying it beside another speaker. Changing to Observe withdraws what is announced, as far as the removal guard lets it, and closes the sessions. Deleting the AnycastConfig is Announce. Default Announce.',
    ),
  claim: list(claim, 'atomic', { max: limits.claims })
    .default([])
    .describe(
      'Which Services of type LoadBalancer without a loadBalancerClass are ours, for a class cannot be added to a Service that exists: those that both selectors of at least one entry select. Make sure that no other controller serves them. Default: none.',
    ),
  removalGuard: removalGuard
    .prefault({})
    .describe(
      'How much may be withdrawn everywhere at once. What is more waits in an AnycastHold for a person. Default: as its fields say.',
    ),
});

const status = z.object(statusFields('Accepted: the spec can be followed. Ready: it is in force.'));

export const anycastConfig = defineKind({
  kind: 'AnycastConfig',
  plural: 'anycastconfigs',
  shortName: 'acconfig',
  namespaced: false,
  description:
    'The AnycastConfig holds what is set for the whole cluster. There is at most one, named default; without it every default holds.',
  spec: spec.describe('What is wanted.'),
  status: status.describe('What is so, as the operator sees it.'),
  rules: [
    {
      cel: "self.metadata.name == 'default'",
      message: 'there is one AnycastConfig, and its name is default: rename this one',
      holds: ({ metadata }) => metadata.name === 'default',
    },
  ],
  columns: [
    conditionColumn('Accepted', 'Whether it can be followed.'),
    conditionColumn('Ready', 'Whether it is in force.'),
    reasonColumn,
    ageColumn,
    messageColumn,
  ],
});

export type AnycastConfigSpec = z.output<typeof spec>;
export type AnycastConfigStatus = z.output<typeof status>;

/** Reads an AnycastConfig. */
export const parseAnycastConfig = parserOf(anycastConfig);
