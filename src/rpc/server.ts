import { Metadata, Server, ServerCredentials, type ServerDuplexStream, status } from '@grpc/grpc-js';
import type { Logger } from '#obs/logger.ts';
import type { Clock, Timer } from '#runtime/clock.ts';
import { err, ok, type Result } from '#runtime/result.ts';
import type { OperatorMessage } from '#state/messages.ts';
import { Authenticator, type AuthenticatorOptions } from './authenticator.ts';
import type { ServerIdentity } from './credentials.ts';
import { SpeakerServiceService, type SyncRequest, type SyncResponse } from './generated/anycast/speaker/v1/speaker.ts';
import { sharedGrpcOptions } from './grpc-options.ts';
import { limits } from './limits.ts';
import type { Transport } from './link-end.ts';
import { hostPort, isLoopback } from './loopback.ts';
import { operatorMessageToWire, speakerMessageFromWire } from './message-codec.ts';
import { Reception, Roster } from './reception.ts';
import type { SpeakerHandler } from './speaker-link.ts';

/** How an operator is reached by speakers, and by whose. */
export type SpeakerServerOptions = Omit<AuthenticatorOptions, 'clock'> & {
  /** IP address to listen on. */
  readonly host: string;
  /** TCP port, default of the product 9441; 0 takes a free one. */
  readonly port: number;
  /** What TLS shows. Absent: no TLS, which is allowed on a loopback address only. */
  readonly identity?: ServerIdentity;
  readonly onSpeaker: SpeakerHandler;
  readonly clock: Clock;
  readonly logger: Logger;
};

type Call = ServerDuplexStream<SyncRequest, SyncResponse>;

/** A stream, and who speaks on it once that is known. */
type Stream = { readonly token: string; reception: Reception | undefined };

/** The operator's end of the speaker protocol: takes streams, checks who speaks, and hands over links. */
export class SpeakerServer {
  readonly #options: SpeakerServerOptions;
  readonly #authenticator: Authenticator;
  readonly #roster = new Roster();
  readonly #server: Server;
  readonly #streams = new Set<Stream>();
  #reviewTimer: Timer | undefined;
  #stopped = false;

  constructor(options: SpeakerServerOptions) {
    this.#options = options;
    this.#authenticator = new Authenticator(options);
    this.#server = new Server({
      ...sharedGrpcOptions,
      'grpc.max_concurrent_streams': limits.streamsPerConnection,
      'grpc.max_connection_idle_ms': limits.connectionIdleMs,
    });
    this.#server.addService(SpeakerServiceService, { sync: (call: Call) => void this.#serve(call) });
  }

  /** Listens; the value is the port. The error says what to do. */
  start(): Promise<Result<number, string>> {
    const { host, port, identity } = this.#options;
    const address = hostPort(host, port);
    if (identity === undefined && !isLoopback(host)) {
      const remedy = 'give a TLS certificate and key, or listen on 127.0.0.1 or ::1';
      return Promise.resolve(err(`speakers would send their tokens to ${address} readable by anyone: ${remedy}`));
    }
    const credentials = identity?.serverCredentials() ?? ServerCredentials.createInsecure();
    return new Promise((resolve) => {
      this.#server.bindAsync(address, credentials, (error, bound) => {
        if (error === null) this.#reviewLater();
        resolve(error === null ? ok(bound) : err(`can't listen on ${address}: ${listenError(error)}`));
      });
    });
  }

  /** Ends all links with a reason and stops listening. */
  async stop(reason: string): Promise<void> {
    this.#stopped = true;
    this.#reviewTimer?.cancel();
    for (const link of this.#roster.links()) link.close(reason);
    await new Promise<void>((resolve) => {
      const timer = this.#options.clock.after(limits.closeTimeoutMs, () => this.#server.forceShutdown());
      this.#server.tryShutdown(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  async #serve(call: Call): Promise<void> {
    if (this.#streams.size >= limits.streams) {
      this.#refuse(call, status.RESOURCE_EXHAUSTED, `this operator serves ${limits.streams} streams, which is its limit`);
      return;
    }
    const stream: Stream = { token: bearerToken(call.metadata), reception: undefined };
    this.#streams.add(stream);
    call.once('close', () => this.#streams.delete(stream));
    const node = await this.#authenticator.authenticate(stream.token);
    if (call.cancelled) return;
    if (!node.ok) {
      const { kind, message } = node.error;
      if (kind === 'refused') this.#refuse(call, status.UNAUTHENTICATED, message);
      else this.#refuse(call, status.UNAVAILABLE, `this operator can't review the token now: ${message}`);
      return;
    }
    stream.reception = this.#receive(call, node.value);
    // Tells the speaker that it may say Hello.
    call.sendMetadata(new Metadata());
  }

  #receive(call: Call, node: string): Reception {
    const { clock, onSpeaker, logger } = this.#options;
    const reception = new Reception(transportOf(call), {
      node,
      roster: this.#roster,
      clock,
      onSpeaker,
      onRefused: (reason) => logger.warn({ event: 'speaker-refused', node, from: call.getPeer(), reason }),
    });
    call.on('data', (request: SyncRequest) => {
      const message = speakerMessageFromWire(request);
      if (!message.ok) reception.close(`node ${node} sent a message that can't be read: ${message.error}`);
      else if (message.value !== undefined) reception.heard(message.value);
    });
    call.on('end', () => {
      reception.ended('the speaker ended the stream');
      call.end();
    });
    call.on('cancelled', () => reception.ended('the connection to the speaker was lost'));
    return reception;
  }

  #refuse(call: Call, code: status, reason: string): void {
    this.#options.logger.warn({ event: 'speaker-refused', from: call.getPeer(), reason });
    endCall(call, code, reason);
  }

  /**
   * Asks again about the tokens of live streams, one after the other, so that many speakers are no burst of reviews. Most
   * answers are kept ones. Only a refusal ends a stream; a speaker whose token expired comes back with its new one.
   */
  #reviewLater(): void {
    if (this.#stopped) return;
    this.#reviewTimer = this.#options.clock.after(limits.reviewSweepMs, () => {
      void this.#reviewAll().then(() => this.#reviewLater());
    });
  }

  async #reviewAll(): Promise<void> {
    for (const { token, reception } of [...this.#streams]) {
      if (reception === undefined || reception.closed) continue;
      const node = await this.#authenticator.authenticate(token);
      if (!node.ok && node.error.kind === 'refused') reception.close(`the token of node ${reception.node}: ${node.error.message}`);
    }
  }
}

/** The library wraps what the system said into a sentence about how many addresses it tried. */
const listenError = (error: Error): string => error.message.replace(/^.*errors: \[(.*)\]$/, '$1');

/** The token in the metadata; empty where there is none. */
function bearerToken(metadata: Metadata): string {
  const [value] = metadata.get('authorization');
  return typeof value === 'string' && value.startsWith('Bearer ') ? value.slice('Bearer '.length) : '';
}

const transportOf = (call: Call): Transport<OperatorMessage> => ({
  write: (message) => call.write(operatorMessageToWire(message)),
  unsent: () => call.writableLength,
  end: (reason) => endCall(call, status.ABORTED, reason),
});

/** Ends a call with a status, after what was written before. */
function endCall(call: Call, code: status, reason: string): void {
  // The status travels percent-encoded, which a half character at the end would make throw.
  call.emit('error', { code, details: reason.slice(0, limits.reasonCharacters).toWellFormed() });
}
