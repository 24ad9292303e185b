import { keyOf } from '#bgp/peer/from-settings.ts';
import type { Acceptor, ByteStream, Listener, SocketAddress, TcpKey } from '#linux/byte-stream.ts';
import type { Logger } from '#obs/logger.ts';
import { err, ok, type Result } from '#runtime/result.ts';
import type { PeerEntry } from '#state/entry.ts';

/** What an inbound door needs. */
export type InboundOptions = {
  readonly acceptor: Acceptor;
  /** Where routers may connect to; empty: nowhere. `::` takes no IPv4, which has a listener of its own. */
  readonly at: readonly SocketAddress[];
  /** Code point that all connections begin with. */
  readonly dscp: number;
  readonly logger: Logger;
  /** A configured router connected. */
  readonly onConnection: (peer: string, stream: ByteStream) => void;
};

/**
 * Where routers connect to us. Who is no configured peer is dropped before a byte is read; a router with a key has to sign its
 * first packet already.
 */
export class Inbound {
  readonly #options: InboundOptions;
  /** By VRF; outside of all, under the empty name. */
  readonly #listeners = new Map<string, readonly Listener[]>();
  readonly #peers = new Map<string, PeerEntry>();
  /** Keys that listeners were told, by VRF and address. */
  readonly #keys = new Map<string, TcpKey>();

  constructor(options: InboundOptions) {
    this.#options = options;
  }

  /** Listens, outside of all VRFs. The error says what to do. */
  start(): Promise<Result<void, string>> {
    return this.#listen('');
  }

  /** A peer is new or different. Its VRF gets its listeners when the first peer is in it. */
  setPeer(entry: PeerEntry): void {
    const before = this.#peers.get(entry.name);
    // A listener replaces a key in one step: without one in between it would take what is not signed.
    const staysSigned = before !== undefined && entry.password !== undefined && keyName(before) === keyName(entry);
    if (!staysSigned) this.removePeer(entry.name);
    this.#peers.set(entry.name, entry);
    const vrf = entry.vrf ?? '';
    if (this.#listeners.has(vrf)) this.#tell(entry);
    else void this.#listen(vrf).then((result) => this.#listened(entry, result));
  }

  removePeer(name: string): void {
    const entry = this.#peers.get(name);
    if (entry === undefined) return;
    this.#peers.delete(name);
    const key = keyName(entry);
    if (!this.#keys.delete(key)) return;
    for (const listener of this.#listenersFor(entry)) listener.setKey(entry.address, undefined);
  }

  /** Listens no more. */
  async stop(): Promise<void> {
    const all = [...this.#listeners.values()].flat();
    this.#listeners.clear();
    await Promise.all(all.map((listener) => listener.close()));
  }

  #listened(entry: PeerEntry, result: Result<void, string>): void {
    if (!result.ok) this.#options.logger.error({ event: 'listen-failed', peer: entry.name, vrf: entry.vrf }, result.error);
    else for (const peer of this.#peers.values()) if (peer.vrf === entry.vrf) this.#tell(peer);
  }

  async #listen(vrf: string): Promise<Result<void, string>> {
    const { acceptor, at, dscp } = this.#options;
    this.#listeners.set(vrf, []);
    const listeners: Listener[] = [];
    for (const where of at) {
      const options = {
        admits: (remote: SocketAddress) => this.#peerAt(remote, vrf) !== undefined,
        v6only: where.address.includes(':'),
        // The answer to a router's first packet has to get as far as the router is; what the session wants is set when it is known.
        protection: { hopLimit: 255, dscp },
        ...(vrf !== '' && { vrf }),
      };
      const listener = await acceptor.listen(where, (stream) => this.#accept(stream, vrf), options);
      if (!listener.ok) {
        await Promise.all(listeners.map((open) => open.close()));
        this.#listeners.delete(vrf);
        return err(listener.error);
      }
      listeners.push(listener.value);
    }
    this.#listeners.set(vrf, listeners);
    return ok(undefined);
  }

  /** Where the router connects, it has to sign with its key. */
  #tell(entry: PeerEntry): void {
    const { password, tcpAo, address } = entry;
    if (password === undefined) return;
    const key = keyOf(password, tcpAo);
    for (const listener of this.#listenersFor(entry)) {
      const set = listener.setKey(address, key);
      if (set.ok) {
        this.#keys.set(keyName(entry), key);
        continue;
      }
      this.#keys.delete(keyName(entry));
      listener.setKey(address, undefined);
      this.#options.logger.error({ event: 'key-refused', peer: entry.name }, `${set.error}; the router can not connect to us`);
    }
  }

  #listenersFor({ vrf, address }: PeerEntry): readonly Listener[] {
    const isIpv6 = address.includes(':');
    return (this.#listeners.get(vrf ?? '') ?? []).filter(({ local }) => local.address.includes(':') === isIpv6);
  }

  #accept(stream: ByteStream, vrf: string): void {
    const peer = this.#peerAt(stream.remote, vrf);
    if (peer === undefined) stream.destroy();
    else this.#options.onConnection(peer.name, stream);
  }

  /** The peer of this address. One whose key no listener took is none: unsigned it must not connect. */
  #peerAt(remote: SocketAddress, vrf: string): PeerEntry | undefined {
    for (const entry of this.#peers.values()) {
      const isThere = entry.address === remote.address && (entry.vrf ?? '') === vrf;
      const isBehind = entry.interface === undefined || remote.interface === undefined || entry.interface === remote.interface;
      if (isThere && isBehind && (entry.password === undefined || this.#keys.has(keyName(entry)))) return entry;
    }
    return undefined;
  }
}

const keyName = ({ vrf = '', address }: PeerEntry): string => `${vrf} ${address}`;
