import { ChannelCredentials, Client, Metadata } from '@grpc/grpc-js';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { silentLogger } from '#obs/logger.ts';
import { realClock } from '#runtime/clock.ts';
import { err, ok, type Result, unwrap } from '#runtime/result.ts';
import { VirtualClock } from '#runtime/virtual-clock.ts';
import type { Hello } from '#state/messages.ts';
import type { ReviewedToken, ReviewFailure } from './authenticator.ts';
import { type CertificatePair, ServerIdentity } from './credentials.ts';
import { limits } from './limits.ts';
import { type OperatorStreamOptions, openOperatorStream } from './operator-stream.ts';
import { SpeakerServer, type SpeakerServerOptions } from './server.ts';
import type { OperatorLink, SpeakerLink } from './speaker-link.ts';
import { makeCertificate } from './testing/certificates.ts';
import { aHello } from './testing/messages.ts';

const user = 'system:serviceaccount:anycast-system:anycast-speaker';
const review = (change: Partial<ReviewedToken> = {}): Result<ReviewedToken, ReviewFailure> =>
  ok({ user, audiences: ['anycast-operator'], extra: { 'authentication.kubernetes.io/node-name': ['n1'] }, ...change });

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** A server that takes every token as node n1, unless the test says otherwise. */
async function startServer(change: Partial<SpeakerServerOptions> = {}) {
  const clock = new VirtualClock();
  const links: { link: SpeakerLink; hello: Hello; closed: string[] }[] = [];
  const server = new SpeakerServer({
    host: '127.0.0.1',
    port: 0,
    user,
    audience: 'anycast-operator',
    reviewer: async () => review(),
    onSpeaker: (link, hello) => {
      const closed: string[] = [];
      link.onMessage(() => undefined);
      link.onClose((reason) => closed.push(reason));
      links.push({ link, hello, closed });
    },
    clock,
    logger: silentLogger,
    ...change,
  });
  stops.push(() => server.stop('the test is over'));
  return { server, port: unwrap(await server.start()), links, clock };
}

/** Opens a stream and says Hello. */
function connect(port: number, change: Partial<OperatorStreamOptions> = {}) {
  const closed: string[] = [];
  const opened: OperatorLink[] = [];
  const over = new Promise<string>((resolve) => {
    openOperatorStream({
      address: `127.0.0.1:${port}`,
      token: 'token',
      tls: undefined,
      onOpen: (link) => {
        link.onMessage(() => undefined);
        link.onClose((reason) => closed.push(reason));
        opened.push(link);
        link.send(aHello());
      },
      onOver: resolve,
      clock: realClock,
      ...change,
    });
  });
  return { over, opened, closed };
}

const soon = { timeout: 10_000, interval: 5 };

describe('a server', () => {
  it.each(['0.0.0.0', '::', '192.0.2.1'])('without TLS refuses to listen on %s and says what to do', async (host) => {
    const clock = new VirtualClock();
    const server = new SpeakerServer({
      host,
      port: 9441,
      user,
      audience: 'a',
      reviewer: async () => review(),
      onSpeaker: () => undefined,
      clock,
      logger: silentLogger,
    });
    expect(await server.start()).toEqual({
      ok: false,
      error: expect.stringMatching(
        /^speakers would send their tokens to .*9441 readable by anyone: give a TLS certificate and key, or listen on/,
      ),
    });
  });

  it('says which address is in use', async () => {
    const { port } = await startServer();
    const { clock } = await startServer();
    const second = new SpeakerServer({
      host: '127.0.0.1',
      port,
      user,
      audience: 'a',
      reviewer: async () => review(),
      onSpeaker: () => undefined,
      clock,
      logger: silentLogger,
    });
    expect(await second.start()).toMatchObject({
      ok: false,
      error: expect.stringMatching(`can't listen on 127.0.0.1:${port}: .*EADDRINUSE`),
    });
  });

  it('tells its speakers why it stops, and leaves no timer', async () => {
    const { server, port, links, clock } = await startServer();
    const { over, closed } = connect(port);
    await vi.waitFor(() => expect(links).toHaveLength(1), soon);
    await server.stop('the operator is told to stop');
    expect(await over).toBe('the operator is told to stop');
    expect(closed).toEqual(['the operator is told to stop']);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('a stream is refused, with the reason, when', () => {
  it.each<[string, Result<ReviewedToken, ReviewFailure>, string]>([
    [
      "the token is another pod's for our audience",
      review({ user: 'system:serviceaccount:default:web' }),
      'the token is of user system:serviceaccount:default:web',
    ],
    ['the token is for another audience', review({ audiences: ['vault'] }), 'the token is for audience vault, not anycast-operator'],
    ['the token names no node', review({ extra: {} }), 'the token does not name one node'],
    ['the token is refused', err({ kind: 'refused', message: 'token has been invalidated' }), 'token has been invalidated'],
    [
      'nobody can review the token',
      err({ kind: 'unreachable', message: 'connection refused' }),
      "this operator can't review the token now: connection refused",
    ],
  ])('%s', async (_name, answer, reason) => {
    const { port, links } = await startServer({ reviewer: async () => answer });
    const { over, opened } = connect(port);
    expect(await over).toContain(reason);
    expect(opened).toEqual([]);
    expect(links).toEqual([]);
  });

  it('there is no token', async () => {
    const { port } = await startServer();
    expect(await connect(port, { token: '' }).over).toContain('a token of 0 characters is none');
  });

  it('Hello names another node than the token', async () => {
    const { port, links } = await startServer({
      reviewer: async () => review({ extra: { 'authentication.kubernetes.io/node-name': ['n2'] } }),
    });
    expect(await connect(port).over).toBe('Hello names node n1, but the token is for node n2');
    expect(links).toEqual([]);
  });

  it('a reason has half characters and line breaks in it', async () => {
    const message = `${'x'.repeat(limits.reasonCharacters - 1)}\u{1f4a5}\r\n`;
    const { port } = await startServer({ reviewer: async () => err({ kind: 'refused', message }) });
    expect(await connect(port).over).toContain('xxx');
  });
});

describe('a live stream', () => {
  it('ends when its token is refused at a later review, and not before', async () => {
    const answers = { now: review() };
    const { port, links, clock } = await startServer({ reviewer: async () => answers.now });
    const { over } = connect(port);
    await vi.waitFor(() => expect(links).toHaveLength(1), soon);
    answers.now = err({ kind: 'refused', message: 'the pod is gone' });
    await clock.advanceAsync(limits.reviewEveryMs - limits.reviewSweepMs);
    expect(links[0]?.closed).toEqual([]);
    await clock.advanceAsync(limits.reviewSweepMs);
    expect(await over).toBe('the token of node n1: the pod is gone');
  });

  it('stays when its token can not be reviewed, however long', async () => {
    const answers = { now: review() };
    const { port, links, clock } = await startServer({ reviewer: async () => answers.now });
    connect(port);
    await vi.waitFor(() => expect(links).toHaveLength(1), soon);
    answers.now = err({ kind: 'unreachable', message: 'connection refused' });
    await clock.advanceAsync(limits.reviewKeptMs * 3);
    expect(links[0]?.closed).toEqual([]);
  });

  it('ends when a message makes no sense', async () => {
    const { port, links } = await startServer();
    const { over, opened } = connect(port);
    await vi.waitFor(() => expect(links).toHaveLength(1), soon);
    opened[0]?.send({ kind: 'revokeAck', prefixes: ['everything'] });
    expect(await over).toContain("node n1 sent a message that can't be read: revokeAck.prefix");
  });

  it('ends when the bytes are no message, and the server serves on', async () => {
    const { port, links } = await startServer();
    const client = new Client(`127.0.0.1:${port}`, ChannelCredentials.createInsecure());
    const metadata = new Metadata();
    metadata.set('authorization', 'Bearer token');
    const same = (bytes: Buffer): Buffer => bytes;
    const call = client.makeBidiStreamRequest('/anycast.speaker.v1.SpeakerService/Sync', same, same, metadata);
    const ended = new Promise<string>((resolve) => call.on('error', (error) => resolve(error.message)));
    call.resume();
    call.write(Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff]));
    expect(await ended).toContain('Error deserializing request');
    client.close();
    connect(port);
    await vi.waitFor(() => expect(links).toHaveLength(1), soon);
  });
});

describe('over TLS', () => {
  let certificate: CertificatePair;
  let other: CertificatePair;
  beforeAll(() => {
    certificate = makeCertificate('operator.test');
    other = makeCertificate('operator.test');
  });

  const trust = (pair: CertificatePair, serverName = 'operator.test') => ({ tls: { ca: Buffer.from(pair.certificate), serverName } });

  async function startTls() {
    const identity = new ServerIdentity();
    unwrap(identity.update(certificate));
    return { identity, ...(await startServer({ identity })) };
  }

  it('a speaker that trusts the authority and asks for the right name is served', async () => {
    const { port, links } = await startTls();
    connect(port, trust(certificate));
    await vi.waitFor(() => expect(links).toHaveLength(1), soon);
  });

  it('a speaker does not show its token to a server of another authority, nor of another name', async () => {
    const reviewer = vi.fn(async () => review());
    const identity = new ServerIdentity();
    unwrap(identity.update(certificate));
    const { port } = await startServer({ identity, reviewer });
    expect(await connect(port, trust(other)).over).toMatch(/certificate/);
    expect(await connect(port, trust(certificate, 'impostor.test')).over).toMatch(/impostor\.test/);
    expect(await connect(port).over).not.toBe('');
    expect(reviewer).not.toHaveBeenCalled();
  });

  it('a replaced certificate is shown to new connections, and live ones stay', async () => {
    const { port, links, identity } = await startTls();
    connect(port, trust(certificate));
    await vi.waitFor(() => expect(links).toHaveLength(1), soon);
    unwrap(identity.update(other));
    expect(await connect(port, trust(certificate)).over).toMatch(/certificate/);
    expect(links[0]?.closed).toEqual([]);
    connect(port, trust(other));
    await vi.waitFor(() => expect(links).toHaveLength(2), soon);
  });
});
