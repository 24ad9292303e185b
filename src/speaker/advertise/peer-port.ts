/**
 * advertise — from wanted routes to sessions with routers.
 *
 * One peer per peer entry, made, changed and ended while the others run; each hears only what it must. What routers really have is
 * asked back from the peers and never assumed. May not happen here: thoughts about why a route is wanted.
 */
import type { PeerSettings } from '#bgp/peer/settings.ts';
import type { PeerRouteTruth, PeerSessionTruth } from '#bgp/peer/truth.ts';
import type { ExportAttributes } from '#state/attributes.ts';

/** A route as one router shall hear it. */
export type PeerRoute = { readonly prefix: string; readonly attributes: ExportAttributes };

/** How a session ends. `withdraw`: routes first, acknowledged, then Cease with the text. `quiet`: the connection closes without a word. */
export type PeerStop = { readonly how: 'withdraw'; readonly text: string } | { readonly how: 'quiet' };

/** One router, as this room sees it: `Peer` of bgp/peer. */
export type PeerPort = {
  start(): void;
  /** Changes what the router shall hear; removals go out first. */
  change(removals: readonly string[], upserts: readonly PeerRoute[]): void;
  /** Changes the session's settings, at the cost that the settings name. */
  reconfigure(settings: PeerSettings): void;
  /** How a route stands with this router; undefined when it neither shall have it nor has it. */
  route(prefix: string): PeerRouteTruth | undefined;
  session(): PeerSessionTruth;
  /** Ends the session; resolves when it is gone, in bounded time. */
  stop(stop: PeerStop): Promise<void>;
};

/** What a peer tells. */
export type PeerEvents = {
  /** How these routes stand changed. */
  readonly routes: (prefixes: readonly string[]) => void;
  /** The withdrawals of these routes were handed to the kernel. */
  readonly withdrawalsWritten: (prefixes: readonly string[]) => void;
  /** How the session stands changed. */
  readonly session: () => void;
};

/** Makes a peer that is not started. */
export type MakePeer = (settings: PeerSettings, events: PeerEvents) => PeerPort;
