import type { Capability } from './capability.ts';
import { leave, peerReset, silentRouter, silentSpeaker } from './endings.ts';
import { establish } from './establish.ts';
import { attributes, bothFamilies, gracefulShutdown, many, refresh, withdraw } from './routes.ts';

/** Everything that is tried with every router, in the order of docs/interop.md. */
export const capabilities: readonly Capability[] = [
  establish,
  attributes,
  bothFamilies,
  withdraw,
  gracefulShutdown,
  refresh,
  peerReset,
  leave,
  silentRouter,
  silentSpeaker,
  many,
];
