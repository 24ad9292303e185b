/**
 * api — our custom resources. One zod schema per kind is all of it: the TypeScript type, the check of what the API server sends,
 * the CRD that the API server checks by, and the table in the docs.
 *
 * Promises: what is read is checked, has its defaults and its canonical form; what is wrong with an object is one line that
 * names object, field and value and says what to do. A field that does nothing does not exist. Nothing here knows what the
 * values are used for, and nothing here talks to the API server.
 */
import { anycastAdvertisement } from './anycast-advertisement.ts';
import { anycastConfig } from './anycast-config.ts';
import { anycastHold } from './anycast-hold.ts';
import { anycastPeer } from './anycast-peer.ts';
import { anycastPool } from './anycast-pool.ts';
import { anycastService } from './anycast-service.ts';
import { anycastSpeaker } from './anycast-speaker.ts';
import type { KindDefinition } from './kind.ts';

/** Every kind of our group by its name: what the client of the API server needs, and the schemas. */
export const kinds = {
  AnycastService: anycastService,
  AnycastPool: anycastPool,
  AnycastAdvertisement: anycastAdvertisement,
  AnycastPeer: anycastPeer,
  AnycastConfig: anycastConfig,
  AnycastHold: anycastHold,
  AnycastSpeaker: anycastSpeaker,
} as const satisfies Record<string, KindDefinition>;

export type KindName = keyof typeof kinds;
