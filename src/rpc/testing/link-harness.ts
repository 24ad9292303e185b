import { vi } from 'vitest';
import { silentLogger } from '#obs/logger.ts';
import { realClock } from '#runtime/clock.ts';
import { ok, unwrap } from '#runtime/result.ts';
import { VirtualClock } from '#runtime/virtual-clock.ts';
import type { Hello, OperatorMessage } from '#state/messages.ts';
import { MemoryOperator } from '../memory-link.ts';
import { openOperatorStream } from '../operator-stream.ts';
import { SpeakerServer } from '../server.ts';
import type { OperatorLink, SpeakerLink, SpeakerUpdate } from '../speaker-link.ts';
import { Relay } from './relay.ts';

/** One end of a stream and everything that it was told. */
export type Seen<Link, Message> = { readonly link: Link; readonly messages: Message[]; readonly closed: string[] };

/** Faults of one stream. */
export type Faults = { cut(): void; stall(): void; resume(): void };

/** An operator and as many speakers as a test wants, over memory or over gRPC. */
export type LinkHarness = {
  /** Links that the operator was handed, in order, with their Hello. */
  readonly speakers: (Seen<SpeakerLink, SpeakerUpdate> & { readonly hello: Hello })[];
  /** Opens a stream that is authenticated for a node; `onOpen` gets the speaker's end. */
  connect(node: string, onOpen: (link: OperatorLink) => void): Promise<Faults>;
  /** Lets time and input pass until the condition holds; throws when it never does. */
  until(condition: () => boolean): Promise<void>;
  /** Moves the operator's clock. */
  advance(ms: number): void;
  stop(): Promise<void>;
};

/** Opens a stream and records what the speaker's end is told. */
export async function open(
  harness: LinkHarness,
  node: string,
  hello: Hello | undefined,
): Promise<Seen<OperatorLink, OperatorMessage> & { readonly faults: Faults }> {
  const { promise, resolve } = Promise.withResolvers<Seen<OperatorLink, OperatorMessage>>();
  const faults = await harness.connect(node, (link) => {
    resolve(watch<OperatorLink, OperatorMessage>(link));
    if (hello !== undefined) link.send(hello);
  });
  return { ...(await promise), faults };
}

function watch<Link extends { onMessage(take: (message: Message) => void): void; onClose(take: (reason: string) => void): void }, Message>(
  link: Link,
): Seen<Link, Message> {
  const seen: Seen<Link, Message> = { link, messages: [], closed: [] };
  link.onMessage((message) => seen.messages.push(message));
  link.onClose((reason) => seen.closed.push(reason));
  return seen;
}

export async function memoryHarness(): Promise<LinkHarness> {
  const clock = new VirtualClock();
  const speakers: LinkHarness['speakers'] = [];
  const operator = new MemoryOperator({
    name: 'operator-1',
    clock,
    onSpeaker: (link, hello) => speakers.push({ ...watch<SpeakerLink, SpeakerUpdate>(link), hello }),
  });
  return {
    speakers,
    async connect(node, onOpen) {
      const { cut, stall, resume } = operator.connect({ node, onOperator: onOpen, delayMs: () => 1 });
      return { cut: () => cut('cut by the test'), stall, resume };
    },
    async until(condition) {
      for (let step = 0; !condition(); step++) {
        if (step === 1_000) throw new Error('never came true within a virtual second');
        clock.advance(1);
      }
    },
    advance: (ms) => clock.advance(ms),
    stop: async () => operator.close('the test is over'),
  };
}

/** The token is the name of the node. The operator's clock is virtual, so that its limits can be waited for. */
export async function grpcHarness(): Promise<LinkHarness> {
  const clock = new VirtualClock();
  const speakers: LinkHarness['speakers'] = [];
  const server = new SpeakerServer({
    host: '127.0.0.1',
    port: 0,
    user: 'speaker',
    audience: 'operator',
    reviewer: async (token) =>
      ok({ user: 'speaker', audiences: ['operator'], extra: { 'authentication.kubernetes.io/node-name': [token] } }),
    onSpeaker: (link, hello) => speakers.push({ ...watch<SpeakerLink, SpeakerUpdate>(link), hello }),
    clock,
    logger: silentLogger,
  });
  const port = unwrap(await server.start());
  const relays: Relay[] = [];
  return {
    speakers,
    async connect(node, onOpen) {
      const relay = await Relay.start(port);
      relays.push(relay);
      const address = `127.0.0.1:${relay.port}`;
      openOperatorStream({ address, token: node, tls: undefined, onOpen, onOver: () => undefined, clock: realClock });
      return relay;
    },
    until: (condition) =>
      vi.waitFor(
        () => {
          if (!condition()) throw new Error('never came true within 10 seconds');
        },
        { timeout: 10_000, interval: 5 },
      ),
    advance: (ms) => clock.advance(ms),
    async stop() {
      for (const relay of relays) await relay.stop();
      await server.stop('the test is over');
    },
  };
}
