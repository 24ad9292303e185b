import type { FsmSettings } from '#bgp/fsm/session.ts';
import { Connection, type ConnectionHandlers } from '#bgp/peer/connection.ts';
import { MemoryEnd } from '#bgp/peer/testing/memory-end.ts';
import type { AdjRibIn } from '#bgp/rib/adj-rib-in.ts';
import { encodeMessage } from '#bgp/wire/encode.ts';
import type { Capability } from '#bgp/wire/messages.ts';
import type { DecodeContext } from '#bgp/wire/negotiated.ts';
import type { AddressFamily } from '#net/ip-address.ts';
import { seededRandom } from '#runtime/random.ts';
import type { VirtualClock } from '#runtime/virtual-clock.ts';
import type { Dice } from './dice.ts';

const localAsn = 64_500;

/** A whole connection in memory, Established, with a table behind it: state machine, framer, decoder and routes as they are in the product. */
export class LiveSession {
  readonly stream = new MemoryEnd({ local: { address: '192.0.2.254', port: 179 }, remote: { address: '192.0.2.1', port: 40_000 } });
  readonly #connection: Connection;
  readonly #disabled = new Set<AddressFamily>();
  /** Messages that were delivered. */
  delivered = 0;

  /** `routes` is where routes are kept, as long as the campaign lasts. */
  constructor(clock: VirtualClock, routes: AdjRibIn<number>, dice: Dice) {
    const peerAsn = dice.oneIn(2) ? localAsn : 64_501;
    const settings: FsmSettings = {
      localAsn,
      peerAsn,
      routerId: 0xc0_00_02_fe,
      families: dice.pick([['IPv4'], ['IPv6'], ['IPv4', 'IPv6']]),
      holdTimeMs: 9_000,
      connectRetryMs: 5_000,
      afterIdle: 'nothing',
      extendedMessages: dice.oneIn(2),
      extendedNextHop: dice.oneIn(2),
      receivesAddPath: dice.oneIn(8),
      ...(peerAsn !== localAsn && dice.oneIn(2) && { role: dice.pick(['Provider', 'Customer', 'Peer', 'RouteServerClient'] as const) }),
    };
    const handlers: ConnectionHandlers = {
      changed: () => undefined,
      update: (update) => {
        for (const family of update.disabled ?? []) this.#disabled.add(family);
        routes.apply(update, () => this.delivered);
      },
      refresh: () => undefined,
      drained: () => undefined,
    };
    this.#connection = new Connection(settings, { clock, random: seededRandom(1) }, handlers);
    this.#connection.dispatch({ kind: 'ManualStartWithPassiveTcpEstablishment' });
    this.#connection.accept(this.stream);
    const capabilities: Capability[] = [
      { kind: 'multiprotocol', afi: 1, safi: 1 },
      { kind: 'multiprotocol', afi: 2, safi: 1 },
      { kind: 'extendedMessages' },
      { kind: 'addPath', entries: [1, 2].map((afi) => ({ afi, safi: 1, send: true, receive: false })) },
      { kind: 'extendedNextHop', entries: [{ afi: 1, safi: 1, nextHopAfi: 2 }] },
      ...(dice.oneIn(3) ? [] : [{ kind: 'fourOctetAsn', asn: peerAsn } as const]),
    ];
    this.stream.deliver(encodeMessage({ kind: 'open', asn: peerAsn, holdTimeS: 9, routerId: 7, capabilities }, this.#context));
    this.stream.deliver(encodeMessage({ kind: 'keepalive' }, this.#context));
    if (!this.isUp) throw new Error(`the session of the campaign does not come up: ${this.#connection.session.lastError}`);
  }

  get isUp(): boolean {
    return this.#connection.session.state === 'Established' && !this.stream.ended;
  }

  /** What was agreed on, without the families that are over. */
  get agreed(): DecodeContext {
    const context = this.#connection.session.negotiated?.context as DecodeContext;
    return { ...context, families: context.families.filter((family) => !this.#disabled.has(family)) };
  }

  get lastError(): string {
    return this.#connection.session.lastError;
  }

  /** A message arrives, in pieces. */
  deliver(frame: Uint8Array, dice: Dice): void {
    this.delivered += 1;
    const cut = dice.number(frame.length);
    this.stream.deliver(frame.slice(0, cut));
    this.stream.deliver(frame.slice(cut));
  }

  get #context() {
    return { fourOctetAsn: true, maxMessageLength: 4_096 };
  }
}
