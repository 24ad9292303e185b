import { encodeMessage } from '#bgp/wire/encode.ts';
import type { Message, OpenMessage } from '#bgp/wire/messages.ts';
import type { ByteStream, SocketAddress } from '#linux/byte-stream.ts';
import type { MemoryNetwork } from '#linux/memory-network.ts';
import { unwrap } from '#runtime/result.ts';
import type { VirtualClock } from '#runtime/virtual-clock.ts';

/** The OPEN of AS 64502 at 192.0.2.2, as `TwoSpeakers` expects it on its first side. */
export const theirOpen = (changes: Partial<OpenMessage> = {}): OpenMessage => ({
  kind: 'open',
  asn: 64502,
  holdTimeS: 90,
  routerId: 0xc0000202,
  capabilities: [{ kind: 'multiprotocol', afi: 1, safi: 1 }],
  ...changes,
});

/** A router without a machine: connects to 192.0.2.1 and says what the test says. */
export class Caller {
  readonly received: Buffer[] = [];
  closed: string | undefined;
  readonly #stream: ByteStream;

  private constructor(stream: ByteStream) {
    this.#stream = stream;
    stream.attach({
      data: (bytes) => this.received.push(Buffer.from(bytes)),
      drained: () => undefined,
      closed: (reason) => {
        this.closed = reason;
      },
    });
  }

  /** Connects at once. */
  static call(network: MemoryNetwork, clock: VirtualClock): Caller {
    let caller: Caller | undefined;
    network.connect({ address: '192.0.2.1', port: 179, sourceAddress: '192.0.2.2' }, (result) => {
      caller = new Caller(unwrap(result));
    });
    clock.advance(1);
    if (caller === undefined) throw new Error('nobody took the call');
    return caller;
  }

  /** The other way round: what is connected to this address becomes one. */
  static async called(network: MemoryNetwork, at: SocketAddress): Promise<() => Caller> {
    let called: Caller | undefined;
    const taken = (stream: ByteStream): void => {
      called = new Caller(stream);
    };
    unwrap(await network.listen(at, taken));
    return () => {
      if (called === undefined) throw new Error('nobody called');
      return called;
    };
  }

  say(...messages: readonly Message[]): void {
    for (const message of messages) this.#stream.write(encodeMessage(message, { fourOctetAsn: false, maxMessageLength: 4_096 }));
  }

  /** Types of the messages that came, and code and subcode of NOTIFICATIONs: `open`, `keepalive`, `6/7`. */
  get heard(): readonly string[] {
    const names = ['', 'open', 'update', 'notification', 'keepalive', 'refresh'];
    const heard: string[] = [];
    const bytes = Buffer.concat(this.received);
    for (let at = 0; at + 19 <= bytes.length; at += bytes.readUInt16BE(at + 16)) {
      const type = bytes[at + 18] ?? 0;
      heard.push(type === 3 ? `${bytes[at + 19]}/${bytes[at + 20]}` : (names[type] ?? ''));
    }
    return heard;
  }
}
