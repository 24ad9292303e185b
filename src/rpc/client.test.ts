import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Logger, silentLogger } from '#obs/logger.ts';
import { seededRandom } from '#runtime/random.ts';
import { err, ok, type Result, unwrap } from '#runtime/result.ts';
import { VirtualClock } from '#runtime/virtual-clock.ts';
import type { ReviewedToken, ReviewFailure } from './authenticator.ts';
import { OperatorDialer, type OperatorDialerOptions } from './client.ts';
import { ServerIdentity } from './credentials.ts';
import { limits } from './limits.ts';
import { SpeakerServer, type SpeakerServerOptions } from './server.ts';
import type { OperatorLink, SpeakerLink } from './speaker-link.ts';
import { makeCertificate } from './testing/certificates.ts';
import { aHello } from './testing/messages.ts';

let directory: string;
let tokenFile: string;
let clock: VirtualClock;
const stops: (() => Promise<void>)[] = [];

beforeEach(async () => {
  clock = new VirtualClock();
  directory = await mkdtemp(join(tmpdir(), 'anycast-dialer-'));
  tokenFile = join(directory, 'token');
  await writeFile(tokenFile, 'token-1\n');
});
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
  await rm(directory, { recursive: true });
});

/** Lets input come and virtual time pass, by default at about twice its real speed, until the condition holds. */
async function until(what: string, condition: () => boolean, stepMs = 10): Promise<void> {
  for (let step = 0; !condition(); step++) {
    if (step === 4_000) throw new Error(`${what}: not within 20 seconds`);
    clock.advance(stepMs);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** An operator that notes who came with which token. */
async function startOperator(change: Partial<SpeakerServerOptions> = {}) {
  const links: SpeakerLink[] = [];
  const tokens: string[] = [];
  const server = new SpeakerServer({
    host: '127.0.0.1',
    port: 0,
    user: 'speaker',
    audience: 'operator',
    reviewer: async (token): Promise<Result<ReviewedToken, ReviewFailure>> => {
      tokens.push(token);
      return ok({ user: 'speaker', audiences: ['operator'], extra: { 'authentication.kubernetes.io/node-name': ['n1'] } });
    },
    onSpeaker: (link) => {
      link.onMessage(() => undefined);
      links.push(link);
    },
    clock: new VirtualClock(),
    logger: silentLogger,
    ...change,
  });
  const port = unwrap(await server.start());
  stops.push(() => server.stop('the test is over'));
  return { server, port, links, tokens };
}

/** A dialer that says Hello on every link. */
function dial(targets: readonly string[], change: Partial<OperatorDialerOptions> = {}) {
  const opened: string[] = [];
  const live = new Set<OperatorLink>();
  const addresses: (readonly string[])[] = [];
  const lost: string[] = [];
  const logger: Logger = { ...silentLogger, warn: (fields) => lost.push(String(fields['reason'])) };
  const dialer = unwrap(
    OperatorDialer.create({
      targets,
      tokenFile,
      knownAddresses: [],
      onAddresses: (list) => addresses.push(list),
      onOperator: (link) => {
        opened.push(link.operator);
        live.add(link);
        link.onMessage(() => undefined);
        link.onClose(() => live.delete(link));
        link.send(aHello());
      },
      clock,
      random: seededRandom(1),
      logger,
      ...change,
    }),
  );
  stops.push(() => dialer.stop('the test is over'));
  dialer.start();
  return { dialer, opened, live, addresses, lost };
}

describe('a dialer', () => {
  it('refuses a target that is not host:port', () => {
    const created = OperatorDialer.create({
      targets: ['operator'],
      tokenFile,
      knownAddresses: [],
      onAddresses: () => undefined,
      onOperator: () => undefined,
      clock,
      random: seededRandom(1),
      logger: silentLogger,
    });
    expect(created).toEqual({ ok: false, error: expect.stringContaining('operator address "operator" is not host:port') });
  });

  it('dials every address that a name resolves to, and tells which', async () => {
    const one = await startOperator();
    const two = await startOperator({ host: '127.0.0.2', port: one.port });
    const { opened, addresses } = dial([`operator.test:${one.port}`], { resolve: async () => ['127.0.0.2', '127.0.0.1'] });
    await until('both operators are greeted', () => one.links.length === 1 && two.links.length === 1);
    expect(addresses).toEqual([[`127.0.0.1:${one.port}`, `127.0.0.2:${one.port}`]]);
    expect(opened.toSorted()).toEqual(addresses[0]);
  });

  it('resolves names with the system unless told otherwise', async () => {
    const { addresses } = dial(['localhost:9']);
    await until('the name is resolved', () => addresses.length === 1);
    expect(['127.0.0.1:9', '[::1]:9']).toContain(addresses[0]?.[0]);
  });

  it('dials one family of a name that has both', async () => {
    const { port, links } = await startOperator();
    const { addresses } = dial([`operator.test:${port}`], { resolve: async () => ['127.0.0.1', '::1'] });
    await until('the operator is greeted', () => links.length === 1);
    expect(addresses).toEqual([[`127.0.0.1:${port}`]]);
  });

  it('comes back after the operator was away', async () => {
    const { server, port, links } = await startOperator();
    const { opened, live } = dial([`127.0.0.1:${port}`]);
    await until('the operator is greeted', () => links.length === 1);
    await server.stop('restarts');
    await until('the loss is noticed', () => live.size === 0);
    clock.advance(limits.redialMaxMs);
    const again = await startOperator({ port });
    await until('the operator is greeted again', () => again.links.length === 1);
    expect(opened).toHaveLength(2);
  });

  it('waits longer after each failure, and says a reason that repeats once', async () => {
    const triedAtMs: number[] = [];
    const { port } = await startOperator({
      reviewer: async () => {
        triedAtMs.push(clock.nowMs());
        return err({ kind: 'refused', message: 'not you' });
      },
    });
    const { lost } = dial([`127.0.0.1:${port}`]);
    await until('it was dialled six times', () => triedAtMs.length >= 6);
    const gaps = triedAtMs.slice(1).map((atMs, index) => atMs - (triedAtMs[index] ?? 0));
    expect(gaps[0]).toBeGreaterThanOrEqual(limits.redialFirstMs / 2);
    expect(gaps[4]).toBeGreaterThanOrEqual((limits.redialFirstMs * 2 ** 4) / 2);
    expect(lost).toEqual(['not you']);
  });

  it('shows the token that is in the file at that time', async () => {
    const { tokens, links, port } = await startOperator();
    dial([`127.0.0.1:${port}`]);
    await until('the operator is greeted', () => links.length === 1);
    await writeFile(tokenFile, 'token-2\n');
    links[0]?.close('come back');
    await until('the operator is greeted again', () => links.length === 2);
    expect(tokens).toEqual(['token-1', 'token-2']);
  });

  it('says what is missing, and dials once it is there', async () => {
    const { links, port } = await startOperator();
    await writeFile(tokenFile, '');
    const { lost } = dial([`127.0.0.1:${port}`]);
    await until('the empty token is named', () => lost.length === 1);
    expect(lost).toEqual([`token file ${tokenFile} is empty`]);
    await rm(tokenFile);
    await until('the absent token is named', () => lost.length === 2);
    expect(lost[1]).toContain(tokenFile);
    await writeFile(tokenFile, 'token');
    await until('the operator is greeted', () => links.length === 1);
  });

  it.each(['two\nlines', 'umlaut-\u00e4', 'nul-\u0000'])(
    'survives a token file that holds no token, without showing it: %j',
    async (text) => {
      const { links, port } = await startOperator();
      await writeFile(tokenFile, text);
      const { lost } = dial([`127.0.0.1:${port}`]);
      await until('the token is named', () => lost.length === 1);
      expect(lost).toEqual([`token file ${tokenFile} holds no token: it has characters that no token has`]);
      await writeFile(tokenFile, 'token-1');
      await until('the operator is greeted', () => links.length === 1);
    },
  );

  it('never sends its token without TLS beyond the machine', async () => {
    const { lost } = dial(['192.0.2.1:9441']);
    await until('the refusal is named', () => lost.length === 1);
    expect(lost).toEqual(["our token would travel to 192.0.2.1:9441 readable by anyone: give a CA file and the operator's server name"]);
  });

  it('checks the certificate against the name, whatever address it dials', async () => {
    const certificate = makeCertificate('operator.test');
    const identity = new ServerIdentity();
    unwrap(identity.update(certificate));
    const caFile = join(directory, 'ca.pem');
    await writeFile(caFile, certificate.certificate);
    const { links, port } = await startOperator({ identity });
    const impostor = dial([`127.0.0.1:${port}`], { tls: { caFile, serverName: 'impostor.test' } });
    await until('the wrong name is named', () => impostor.lost.length === 1);
    expect(impostor.lost[0]).toContain('impostor.test');
    dial([`127.0.0.1:${port}`], { tls: { caFile, serverName: 'operator.test' } });
    await until('the operator is greeted', () => links.length === 1);
  });

  it('dials what was known while names can not be resolved, and keeps it', async () => {
    const { links, port } = await startOperator();
    const { addresses } = dial([`operator.test:${port}`], {
      knownAddresses: [`127.0.0.1:${port}`],
      resolve: () => Promise.reject(new Error('no DNS')),
    });
    await until('the operator is greeted', () => links.length === 1);
    clock.advance(limits.resolveEveryMs);
    expect(addresses).toEqual([]);
  });

  it('keeps the last addresses of a name when the answer is empty', async () => {
    const { links, port } = await startOperator();
    const answers: string[][] = [['127.0.0.1'], [], []];
    const { addresses, live } = dial([`operator.test:${port}`], { resolve: async () => answers.shift() ?? [] });
    await until('the operator is greeted', () => links.length === 1);
    await until('the name was resolved three times', () => answers.length === 0, 1_000);
    expect(addresses).toEqual([[`127.0.0.1:${port}`]]);
    expect(live.size).toBe(1);
  });

  it('keeps the link to an address that is gone from the name, but does not dial it again', async () => {
    const one = await startOperator();
    const two = await startOperator({ host: '127.0.0.2', port: one.port });
    const names = { now: ['127.0.0.1'] };
    const { live, opened } = dial([`operator.test:${one.port}`], { resolve: async () => names.now });
    await until('the first is greeted', () => one.links.length === 1);
    names.now = ['127.0.0.2'];
    clock.advance(limits.resolveEveryMs);
    await until('the second is greeted', () => two.links.length === 1);
    expect(live.size).toBe(2);
    one.links[0]?.close('leaves');
    await until('the first is lost', () => live.size === 1);
    const lostAtMs = clock.nowMs();
    await until('it could have been dialled again', () => clock.nowMs() > lostAtMs + 3 * limits.redialMaxMs, 1_000);
    expect(opened).toHaveLength(2);
  });

  it('forgets an address that was never reached when it is gone from the name', async () => {
    const { links, port } = await startOperator({ host: '127.0.0.2' });
    const names = { now: ['127.0.0.1'] };
    const { lost } = dial([`operator.test:${port}`], { resolve: async () => names.now });
    await until('the first failed', () => lost.length === 1);
    names.now = ['127.0.0.2'];
    await until('the second is greeted', () => links.length === 1);
    await until('only the timer of the name is left', () => clock.pendingTimers === 1);
    const lostAtMs = clock.nowMs();
    const failures = lost.length;
    await until('the first could have been dialled again', () => clock.nowMs() > lostAtMs + 3 * limits.redialMaxMs, 1_000);
    expect(lost).toHaveLength(failures);
  });

  describe('of an operator that takes connections and says nothing', () => {
    let silent: Server;
    let address: string;
    const sockets = new Set<Socket>();
    beforeEach(async () => {
      silent = createServer((socket) => sockets.add(socket.on('error', () => undefined)));
      await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
      address = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
    });
    afterEach(async () => {
      for (const socket of sockets) socket.destroy();
      sockets.clear();
      await new Promise<void>((resolve) => silent.close(() => resolve()));
    });

    it('gives up after a while and dials again', async () => {
      const { lost } = dial([address]);
      await until('a connection is there', () => sockets.size >= 1);
      await until('the silence is named', () => lost.length === 1, 100);
      expect(lost).toEqual([`${address} did not answer within ${limits.dialTimeoutMs} ms`]);
      await until('it is dialled again', () => sockets.size >= 2);
    });

    it('stops in the middle of a dial', async () => {
      const { dialer, opened } = dial([address]);
      await until('a connection is there', () => sockets.size >= 1);
      await dialer.stop('the speaker stops');
      expect(opened).toEqual([]);
      expect(clock.pendingTimers).toBe(0);
    });
  });

  it('stops: ends its links with the reason, dials no more, leaves no timer', async () => {
    const { links, port } = await startOperator();
    const { dialer, live } = dial([`127.0.0.1:${port}`, '127.0.0.1:1']);
    await until('the operator is greeted', () => links.length === 1);
    await dialer.stop('the speaker stops');
    expect(live.size).toBe(0);
    expect(clock.pendingTimers).toBe(0);
  });
});
