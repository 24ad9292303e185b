import { decodeMessage } from '#bgp/wire/decode.ts';
import { Framer } from '#bgp/wire/framer.ts';
import type { UpdateMessage } from '#bgp/wire/messages.ts';
import type { DecodeContext } from '#bgp/wire/negotiated.ts';
import type { AddressFamily } from '#net/ip-address.ts';
import { formatPrefix } from '#net/prefix.ts';
import { unwrap } from '#runtime/result.ts';

export const routerContext: DecodeContext = {
  fourOctetAsn: true,
  maxMessageLength: 4_096,
  peerType: 'ebgp',
  families: ['IPv4', 'IPv6'],
  maxReceivedLength: 4_096,
};

/** A router that reads UPDATEs and keeps of each prefix what tells the test's attributes apart: MED. */
export class TestRouter {
  readonly routes = new Map<string, number>();
  readonly markers: AddressFamily[] = [];
  /** Each UPDATE as it came, without faults or it would have thrown. */
  readonly updates: UpdateMessage[] = [];
  readonly #framer = new Framer();

  read(bytes: Uint8Array): void {
    this.#framer.push(bytes);
    for (let frame = this.#framer.next(4_096); frame !== undefined; frame = this.#framer.next(4_096)) {
      const message = unwrap(decodeMessage(unwrap(frame), routerContext));
      if (message.kind !== 'update' || message.faults.length > 0) throw new Error(`unexpected ${JSON.stringify(message)}`);
      this.#apply(message);
    }
  }

  #apply(update: UpdateMessage): void {
    this.updates.push(update);
    if (update.endOfRib !== undefined) this.markers.push(update.endOfRib);
    for (const prefix of update.unreachable.flatMap(({ prefixes }) => prefixes)) this.routes.delete(formatPrefix(prefix));
    for (const { prefixes, attributes } of update.reachable) {
      for (const prefix of prefixes) this.routes.set(formatPrefix(prefix), attributes.med ?? -1);
    }
  }
}
