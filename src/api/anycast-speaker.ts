import { z } from 'zod';
import { statusFields } from './conditions.ts';
import { ageColumn, conditionColumn, defineKind } from './kind.ts';
import { limits } from './limits.ts';
import { parserOf } from './parse.ts';
import { addressFamily, count, date, list, objectName, sentence, serial, text } from './schema.ts';

const session = z.object({
  peer: objectName.describe('Name of the AnycastPeer.'),
  state: z
    .enum(['Idle', 'Connect', 'Active', 'OpenSent', 'OpenConfirm', 'Established'])
    .describe('State of the session (RFC 4271 section 8.2.2).'),
  since: date.describe('Since when it is in this state.'),
  families: list(addressFamily, 'set', { max: 2 }).describe('Address families that both ends agreed on; empty unless Established.'),
  announcedPrefixes: count.describe('Prefixes that the router has from this node.'),
  lastError: sentence.describe('What last went wrong; empty if nothing did.'),
});

const difference = z.object({
  prefix: text(limits.prefixLength).describe('The route.'),
  peer: objectName.describe('Name of the AnycastPeer.'),
  reason: text(limits.wordLength).describe('Why it is not as it should be, as one word; docs/reference/reasons.md lists them.'),
  since: date.describe('Since when.'),
});

const status = z.object({
  ...statusFields(
    'Connected: the speaker has a stream to the leading operator. Ready: all of its sessions are established, and all routes are as they should be.',
  ),
  observedAt: date.exactOptional().describe('When the speaker last reported what is written here.'),
  software: sentence.exactOptional().describe('Build of the speaker.'),
  epoch: serial.exactOptional().describe('Term of the leader that the speaker obeys.'),
  version: serial.exactOptional().describe('Version of the state that it has applied in that term.'),
  routerID: text(limits.addressLength).exactOptional().describe("BGP Identifier of the node's sessions."),
  peers: count.exactOptional().describe('Sessions that there should be.'),
  established: count.exactOptional().describe('Sessions that are Established.'),
  announcedRoutes: count.exactOptional().describe('Routes that at least one router has from this node.'),
  sessions: list(session, ['peer'], { max: limits.speakerSessions }).exactOptional().describe('The sessions, ascending by peer.'),
  differences: list(difference, ['prefix', 'peer'], { max: limits.speakerDifferences })
    .exactOptional()
    .describe(
      'Routes whose truth differs from what is wanted, the oldest first, then routes that no Service explains (reason Orphan); at most 50.',
    ),
});

export const anycastSpeaker = defineKind({
  kind: 'AnycastSpeaker',
  plural: 'anycastspeakers',
  shortName: 'acspeaker',
  namespaced: false,
  description:
    'An AnycastSpeaker shows what the speaker on the Node of the same name does. The operator writes it; there is nothing to set.',
  spec: undefined,
  status: status.describe('What is so, as the speaker reports it.'),
  columns: [
    conditionColumn('Connected', 'Whether the speaker has a stream to the leading operator.'),
    { name: 'Established', type: 'integer', jsonPath: '.status.established', description: 'Sessions that are Established.' },
    { name: 'Peers', type: 'integer', jsonPath: '.status.peers', description: 'Sessions that there should be.' },
    { name: 'Routes', type: 'integer', jsonPath: '.status.announcedRoutes', description: 'Routes that at least one router has.' },
    conditionColumn('Ready', 'Whether everything is as it should be.'),
    ageColumn,
    { name: 'Router ID', type: 'string', jsonPath: '.status.routerID', description: 'BGP Identifier.', wide: true },
    { name: 'Software', type: 'string', jsonPath: '.status.software', description: 'Build of the speaker.', wide: true },
  ],
});

export type AnycastSpeakerStatus = z.output<typeof status>;

/** Reads an AnycastSpeaker. */
export const parseAnycastSpeaker = parserOf(anycastSpeaker);
