import type { Capability } from './capability.ts';
import { leave, peerReset, silentRouter, silentSpeaker } from './endings.ts';
import { establish } from './establish.ts';
import { death, freeze, freezeNotification, restart } from './restart.ts';
import { attributes, bothFamilies, gracefulShutdown, many, refresh, withdraw } from './routes.ts';
import { md5, ttlSecurity } from './security.ts';
import { unnumbered } from './unnumbered.ts';

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
  restart,
  death,
  freeze,
  freezeNotification,
  many,
  md5,
  ttlSecurity,
  unnumbered,
];
