import { describe, expect, it } from 'vitest';
import type { FsmSettings, Session } from '#bgp/fsm/session.ts';
import { encodeMessage } from '#bgp/wire/encode.ts';
import { MemoryNetwork } from '#linux/memory-network.ts';
import { seededRandom } from '#runtime/random.ts';
import { VirtualClock } from '#runtime/virtual-clock.ts';
import { Connection } from './connection.ts';
import { limits } from './limits.ts';
import { TestRouter } from './testing/router.ts';

const ours: FsmSettings = {
  localAsn: 64500,
  peerAsn: 64501,
  routerId: 0xc0000201,
  holdTimeMs: 9_000,
  connectRetryMs: 5_000,
  families: ['IPv4', 'IPv6'],
  afterIdle: 'connect',
};
const theirs: FsmSettings = { ...ours, localAsn: 64501, peerAsn: 64500, routerId: 0xc0000202 };
const address = '192.0.2.254';

async function setUp(options: { ours?: Partial<FsmSettings>; theirs?: Partial<FsmSettings> } = {}) {
  const clock = new VirtualClock();
  const network = new MemoryNetwork(clock);
  const router = await new TestRouter(clock, address, { ...theirs, ...options.theirs }).listen(network);
  const states: string[] = [];
  let attempts = 0;
  const connector: typeof network.connect = (target, done) => {
    attempts++;
    return network.connect(target, done);
  };
  const connection = new Connection(
    { ...ours, ...options.ours },
    { clock, random: seededRandom(1), connector: { connect: connector }, target: { address, port: 179 } },
    {
      changed: (session: Session) => states.push(session.state),
      update: () => undefined,
      refresh: () => undefined,
      drained: () => undefined,
    },
  );
  connection.dispatch({ kind: 'ManualStart' });
  return { clock, network, router, connection, states, attempts: () => attempts };
}

describe('a session between two of us', () => {
  it('comes up over every state, and stays up as long as nothing happens', async () => {
    const { clock, router, connection, states } = await setUp();
    clock.advance(10);
    expect(states).toEqual(['Connect', 'OpenSent', 'OpenConfirm', 'Established']);
    clock.advance(600_000);
    expect(states).toHaveLength(4);
    expect(router.state).toBe('Established');
    expect(connection.session.negotiated?.context.families).toEqual(['IPv4', 'IPv6']);
  });

  it('comes up when every octet arrives alone, late', async () => {
    const { clock, network, connection } = await setUp();
    network.change(address, { chunkBytes: 1, delayMs: 20 });
    clock.advance(1_000);
    expect(connection.session.state).toBe('Established');
  });

  it('sends keepalives between a quarter and a third of the hold time', async () => {
    const { clock, router } = await setUp();
    clock.advance(90_000);
    const keepalives = router.received.filter((message) => message.kind === 'keepalive').length;
    expect(keepalives).toBeGreaterThanOrEqual(30);
    expect(keepalives).toBeLessThanOrEqual(42);
  });

  it('is silent with a hold time of zero, and stays up', async () => {
    const { clock, router, connection } = await setUp({ theirs: { holdTimeMs: 0 } });
    clock.advance(3_600_000);
    expect(router.received.filter((message) => message.kind === 'keepalive')).toHaveLength(1);
    expect(connection.session.state).toBe('Established');
  });

  it('ends with Cease and text, and leaves no timer behind', async () => {
    const { clock, router, connection } = await setUp();
    clock.advance(10);
    connection.dispatch({ kind: 'ManualStop', cease: { subcode: 2, text: 'maintenance' } });
    clock.advance(10);
    expect(router.sessions[0]?.session.lastError).toBe('the router sent Cease, Administrative Shutdown (6/2): "maintenance"');
    clock.advance(limits.lingerMs);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('a router that goes away', () => {
  it('is noticed by the hold timer when its path turns into a black hole, and tried again', async () => {
    const { clock, network, connection, states } = await setUp();
    clock.advance(10);
    network.change(address, { blackHole: true });
    clock.advance(8_000);
    expect(connection.session.state).toBe('Established');
    clock.advance(1_100);
    expect(connection.session).toMatchObject({ state: 'Idle', lastError: 'we sent Hold Timer Expired (4/0)' });
    clock.advance(60_000);
    network.change(address, { blackHole: false });
    clock.advance(30_000);
    expect(states.at(-1)).toBe('Established');
  });

  it('is noticed at once when its connection is reset, and tried again within about a second', async () => {
    const { clock, network, connection } = await setUp();
    clock.advance(10);
    network.reset(address);
    clock.advance(1);
    expect(connection.session.state).toBe('Idle');
    clock.advance(1_100);
    expect(connection.session.state).toBe('Established');
  });

  it('is tried about once in the retry time, for as long as it refuses', async () => {
    const { clock, network, attempts } = await setUp();
    network.change(address, { refusesConnections: true });
    clock.advance(600_000);
    expect(attempts()).toBeGreaterThan(600 / 5);
    expect(attempts()).toBeLessThan(600 / 5 / 0.75 + 5);
  });

  it('is tried again when it does not even answer', async () => {
    const { clock, network, attempts } = await setUp();
    network.change(address, { blackHole: true });
    clock.advance(60_000);
    expect(attempts()).toBeGreaterThanOrEqual(12);
    expect(attempts()).toBeLessThanOrEqual(17);
  });
});

describe('a router that refuses our OPEN', () => {
  it('is asked ever less often, and hears each time what is wrong', async () => {
    const { clock, router, connection, attempts } = await setUp({ theirs: { peerAsn: 64999 } });
    clock.advance(600_000);
    // 1, 2, 4 … 60 s: without the growth there would be hundreds.
    expect(attempts()).toBeGreaterThan(10);
    expect(attempts()).toBeLessThan(25);
    expect(connection.session.lastError).toContain('OPEN Message Error, Bad Peer AS (2/2)');
    expect(router.sessions.length).toBe(attempts());
  });

  it('does not become a loop when it ends each session right after Established', async () => {
    const { clock, router, attempts } = await setUp();
    for (let second = 0; second < 600; second++) {
      clock.advance(1_000);
      if (router.state === 'Established') router.sessions.at(-1)?.dispatch({ kind: 'ManualStop', cease: { subcode: 5 } });
    }
    expect(attempts()).toBeLessThan(25);
  });
});

describe('what a router must not send', () => {
  const inEstablished = async (send: (router: TestRouter) => void) => {
    const context = await setUp();
    context.clock.advance(10);
    send(context.router);
    context.clock.advance(10);
    const answers = context.router.received.filter((message) => message.kind === 'notification');
    return { ...context, answer: answers.map(({ code, subcode }) => `${code}/${subcode}`) };
  };

  it('a broken header is answered with Message Header Error', async () => {
    const { answer } = await inEstablished((router) => router.sessions[0]?.stream?.write(new Uint8Array(19)));
    expect(answer).toEqual(['1/1']);
  });

  it('a second OPEN is answered with Finite State Machine Error', async () => {
    const { answer } = await inEstablished((router) =>
      router.send({ kind: 'open', asn: 64501, holdTimeS: 9, routerId: 1, capabilities: [] }),
    );
    expect(answer).toEqual(['5/3']);
  });

  it('an UPDATE that cannot be read is answered with UPDATE Message Error', async () => {
    const header = [...new Uint8Array(16).fill(0xff), 0, 23, 2];
    const { answer } = await inEstablished((router) => router.sessions[0]?.stream?.write(Uint8Array.from([...header, 0, 99, 0, 0])));
    expect(answer).toEqual(['3/1']);
  });

  it('a NOTIFICATION is never answered with one', async () => {
    const { answer, connection } = await inEstablished((router) =>
      router.send({ kind: 'notification', code: 6, subcode: 4, data: new Uint8Array() }),
    );
    expect(answer).toEqual([]);
    expect(connection.session.lastError).toBe('the router sent Cease, Administrative Reset (6/4)');
  });

  it('a NOTIFICATION about the version ends the opening', async () => {
    const { clock, router, connection } = await setUp({ theirs: { afterIdle: 'nothing' } });
    clock.advance(0);
    router.send({ kind: 'notification', code: 2, subcode: 1, data: Uint8Array.of(0, 3) });
    clock.advance(1);
    expect(connection.session.lastError).toContain('version');
  });
});

describe('a router that reads nothing', () => {
  const keepalive = encodeMessage({ kind: 'keepalive' }, { fourOctetAsn: true, maxMessageLength: 4_096 });

  /** Writes until nothing more leaves: the router's window and our buffer are full. */
  function fill(connection: Connection, clock: VirtualClock): number {
    let written = 0;
    for (let round = 0; round < 10; round++) {
      while (connection.write(keepalive)) written += keepalive.length;
      clock.advance(0);
    }
    expect(connection.blocked).toBe(true);
    return written;
  }

  it('costs bounded memory, hears no keepalives behind what does not leave, and loses the session by the send hold timer', async () => {
    const { clock, network, connection } = await setUp({ theirs: { holdTimeMs: 0 } });
    clock.advance(10);
    network.change(address, { stalledReader: true });
    expect(fill(connection, clock)).toBeLessThan(1 << 20);
    clock.advance(limits.sendHoldMs - 1_000);
    expect(connection.session.state).toBe('Established');
    clock.advance(1_000 + limits.sendHoldMs / limits.sendHoldLooks);
    expect(connection.session).toMatchObject({ state: 'Idle', lastError: expect.stringContaining('send hold timer expired') });
  });

  it('gets no more keepalives than fit before it stalls', async () => {
    const { clock, network, router, connection } = await setUp();
    clock.advance(10);
    // Its own keepalives still come, so only what we write stands still.
    network.change(address, { stalledReader: true });
    fill(connection, clock);
    const waiting = connection.stream?.unacknowledgedBytes();
    clock.advance(8_000);
    expect(connection.stream?.unacknowledgedBytes()).toBe(waiting);
    expect(router.state).toBe('Established');
  });

  it('goes on when it reads again', async () => {
    const { clock, network, connection } = await setUp();
    clock.advance(10);
    network.change(address, { stalledReader: true });
    fill(connection, clock);
    network.change(address, { stalledReader: false });
    clock.advance(600_000);
    expect(connection.blocked).toBe(false);
    expect(connection.session.state).toBe('Established');
  });
});
