import { setTimeout as pause } from 'node:timers/promises';
import { realClock } from '#runtime/clock.ts';
import { Scope } from '../../test/support/scope.ts';
import { percentile, rounded } from '../statistics.ts';
import { Admin } from './admin.ts';
import { adminSocket, anycast } from './announcers.ts';
import { prefixOf } from './load.ts';
import type { Sink } from './sink.ts';
import type { SessionCounts } from './sink-messages.ts';
import { type Announced, announce, type Row } from './throughput.ts';

const oneSession = { attributeSets: 1, sessions: 1, holdTimeSeconds: 90 } as const;
/** So many that the first ones, for which nothing is compiled yet, are not what the 99th percentile shows; they have their own column. */
const samples = { idle: 1_000, announcing: 400 } as const;

/** Runs with our speaker up and its admin socket open. */
async function withSpeaker<T>(prefixes: number, act: (announced: Announced, admin: Admin) => Promise<T>): Promise<T> {
  const scope = new Scope();
  try {
    const announced = await announce(scope, anycast, { ...oneSession, prefixes });
    const admin = await Admin.connect(adminSocket(announced.folder));
    scope.onClose('the admin socket', () => admin.close());
    return await act(announced, admin);
  } finally {
    await scope.close();
  }
}

/** From a request at the admin socket to the withdrawal at the sink: idle, and while 100,000 prefixes are announced. */
export async function* latency(): AsyncGenerator<Row> {
  const prefixes = 100_000;
  const row = (when: string, values: readonly number[]): Row => ({
    case: 'withdrawal of one prefix',
    announcer: 'anycast',
    when,
    prefixes,
    samples: values.length,
    p50Ms: rounded(percentile(values, 50)),
    p99Ms: rounded(percentile(values, 99)),
    firstMs: rounded(values[0] ?? Number.NaN),
    maxMs: rounded(Math.max(...values)),
  });
  yield await withSpeaker(prefixes, async ({ sink }, admin) => {
    const values: number[] = [];
    for (let sample = 0; sample < samples.idle; sample++) values.push(await withdrawOne(sink, admin, prefixOf(sample)));
    return row('idle', values);
  });
  yield await withSpeaker(prefixes, async ({ sink }, admin) => {
    const values: number[] = [];
    for (let sample = 0; sample < samples.announcing; sample++) {
      // The router asks for everything again, and the order to withdraw comes in the middle of the answer.
      const answered = sink.reached(prefixes - sample - 1, 0, 30_000);
      sink.refresh();
      await pause(2 + (sample % 8));
      values.push(await withdrawOne(sink, admin, prefixOf(prefixes - 1 - sample)));
      await answered;
    }
    return row('during an announcement', values);
  });
}

async function withdrawOne(sink: Sink, admin: Admin, prefix: string): Promise<number> {
  const arrived = sink.withdrawal(prefix);
  const { sentMs, done } = admin.post('/withdraw', { prefixes: [prefix] });
  const receivedMs = await arrived;
  await done;
  return receivedMs - sentMs;
}

/** From a request at the admin socket to the last withdrawal: 5,000 prefixes named, and everything. */
export async function* withdrawals(sizes: readonly number[]): AsyncGenerator<Row> {
  yield await withSpeaker(100_000, ({ sink }, admin) => {
    const named = Array.from({ length: 5_000 }, (_, index) => prefixOf(index));
    return timed('withdrawal of named prefixes', sink, named.length, () => admin.post('/withdraw', { prefixes: named }));
  });
  for (const prefixes of sizes) {
    yield await withSpeaker(prefixes, ({ sink }, admin) =>
      timed('withdrawal of everything', sink, prefixes, () => admin.post('/isolate', {})),
    );
  }
}

async function timed(name: string, sink: Sink, prefixes: number, order: () => ReturnType<Admin['post']>): Promise<Row> {
  const reached = sink.reached(0, prefixes, 60_000);
  const { sentMs, done } = order();
  const [counts] = await reached;
  await done;
  return {
    case: name,
    announcer: 'anycast',
    prefixes,
    ms: rounded((counts?.lastPrefixMs ?? Number.NaN) - sentMs),
    updates: counts?.updates ?? 0,
  };
}

/** From a router's ROUTE-REFRESH to the last prefix of the answer. */
export async function* refreshReply(sizes: readonly number[]): AsyncGenerator<Row> {
  for (const prefixes of sizes) {
    yield await withSpeaker(prefixes, async ({ sink }) => {
      const reached = sink.reached(prefixes, 0, 60_000);
      const askedMs = realClock.nowMs();
      sink.refresh();
      const [counts] = await reached;
      return { case: 'refresh', announcer: 'anycast', prefixes, ms: rounded((counts?.lastPrefixMs ?? Number.NaN) - askedMs) };
    });
  }
}

/** 100 sessions × 10,000 prefixes, all refreshed over and over at a hold time of 3 s: how late is the latest KEEPALIVE? */
export async function keepalives(): Promise<Row> {
  const [sessions, prefixes, holdTimeSeconds] = [100, 10_000, 3];
  const scope = new Scope();
  try {
    const { sink } = await announce(scope, anycast, { attributeSets: 1, sessions, prefixes, holdTimeSeconds });
    const refreshes = 3;
    let counts: readonly SessionCounts[] = [];
    for (let refresh = 0; refresh < refreshes; refresh++) {
      const reached = sink.reached(sessions * prefixes, 0, 60_000);
      sink.refresh();
      counts = [...counts, ...(await reached)];
      await pause(1_500);
      counts = [...counts, ...(await sink.counts())];
    }
    const longest = Math.max(...counts.map(({ longestKeepaliveGapMs }) => longestKeepaliveGapMs));
    const dueMs = (1_000 * holdTimeSeconds) / 3;
    return {
      case: 'keepalives',
      announcer: 'anycast',
      sessions,
      prefixes,
      refreshes,
      longestGapMs: rounded(longest),
      latestMs: rounded(Math.max(0, longest - dueMs)),
    };
  } finally {
    await scope.close();
  }
}
