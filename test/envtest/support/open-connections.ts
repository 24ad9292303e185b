/**
 * A program that opens new connections, one after the other at a steady rate, and counts how each one ends. It runs inside the
 * network namespace of a client; the last line that it prints is its {@link Tally}.
 *
 * A connection is good when its server's greeting was read to the end. `refused` and `timedOut` are connections that were never
 * made; `cut` are those that ended between: a router that moves a flow to another node in the middle of it cuts it.
 */
import { connect } from 'node:net';

/** What to do. */
export type Orders = {
  /** Addresses to connect to, in turn. */
  readonly targets: readonly string[];
  readonly port: number;
  /** Addresses of this namespace to connect from, in turn: a router spreads by address. */
  readonly sources: readonly string[];
  readonly count: number;
  readonly perSecond: number;
  /** Whether to begin, and to count, when a first connection was good: from then on there is a route. */
  readonly fromFirstGreeting?: boolean;
};

/** How connections ended. */
export type Tally = {
  readonly opened: number;
  /** Good ones, by greeting. */
  readonly greeted: Readonly<Record<string, number>>;
  readonly refused: number;
  readonly timedOut: number;
  readonly cut: number;
  /** The first few that were not good: `address from address: code after … ms`. */
  readonly failures: readonly string[];
};

/** Nobody took the connection. Whatever else ends one, ends one that was being made: a flow that was moved. */
const isRefusal = ({ code = '' }: NodeJS.ErrnoException): boolean => ['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH'].includes(code);

const timeoutMs = 5_000;
const tickMs = 5;

async function run(orders: Orders): Promise<Tally> {
  const greeted: Record<string, number> = {};
  const bad = { refused: 0, timedOut: 0, cut: 0 };
  const failures: string[] = [];
  let opened = 0;
  const pending = new Set<Promise<void>>();

  const one = (index: number): Promise<void> =>
    new Promise((resolve) => {
      const family = index % orders.targets.length;
      const host = orders.targets[family] ?? '';
      const sources = orders.sources.filter((source) => source.includes(':') === host.includes(':'));
      const localAddress = sources[Math.floor(index / orders.targets.length) % sources.length] ?? '';
      const startMs = performance.now();
      let connected = false;
      let greeting = '';
      const socket = connect({ host, port: orders.port, localAddress });
      const end = (how: keyof typeof bad | undefined, why = ''): void => {
        socket.destroy();
        if (how === undefined) greeted[greeting] = (greeted[greeting] ?? 0) + 1;
        else {
          bad[how]++;
          if (failures.length < 20 || (how === 'refused' && failures.length < 60))
            failures.push(
              `${host} from ${localAddress}: ${why} after ${Math.round(performance.now() - startMs)} ms, at ${new Date().toISOString()}`,
            );
        }
        resolve();
      };
      socket.setTimeout(timeoutMs, () => end(connected ? 'cut' : 'timedOut', connected ? 'silence' : 'time-out'));
      socket.once('connect', () => {
        connected = true;
      });
      socket.on('data', (bytes) => {
        greeting += bytes.toString();
      });
      socket.once('end', () => end(greeting === '' ? 'cut' : undefined, 'closed without a greeting'));
      socket.once('error', (error: NodeJS.ErrnoException) => end(isRefusal(error) ? 'refused' : 'cut', error.code ?? error.message));
    });

  while (orders.fromFirstGreeting && Object.keys(greeted).length === 0) await one(0);
  bad.refused = bad.timedOut = bad.cut = failures.length = 0;
  const startMs = performance.now();
  while (opened < orders.count) {
    const due = Math.min(orders.count, Math.ceil(((performance.now() - startMs) * orders.perSecond) / 1_000));
    for (; opened < due; opened++) {
      const connection = one(opened);
      pending.add(connection);
      void connection.then(() => pending.delete(connection));
    }
    await new Promise((resolve) => setTimeout(resolve, tickMs));
  }
  await Promise.all(pending);
  return { opened, greeted, ...bad, failures };
}

console.log(JSON.stringify(await run(JSON.parse(process.argv[2] ?? '') as Orders)));
