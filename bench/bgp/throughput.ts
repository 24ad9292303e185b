import { freePorts } from '../../test/support/ports.ts';
import { Scope } from '../../test/support/scope.ts';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { rounded } from '../statistics.ts';
import { type Announcer, isInstalled } from './announcers.ts';
import { fewestUpdates, type Load } from './load.ts';
import { Sink } from './sink.ts';
import type { SessionCounts } from './sink-messages.ts';
import { usageOf } from './usage.ts';

/** One row of the results. */
export type Row = Readonly<Record<string, string | number>>;

/** How long an announcer may take to read its configuration and to send everything. */
const withinMs = 600_000;

/** An announcer that runs, with a sink that has all of its routes. */
export type Announced = { readonly sink: Sink; readonly folder: string; readonly pid: number; readonly row: Row };

/** Starts an announcer on a load and waits until the sink has everything. */
export async function announce(scope: Scope, announcer: Announcer, load: Omit<Load, 'port'>, extended = false): Promise<Announced> {
  const folder = tempFolder(scope, 'bench-bgp');
  const [port = 0] = await freePorts(1);
  const sink = Sink.start(scope);
  const listen = () => sink.listen(port, { holdTimeSeconds: load.holdTimeSeconds, extendedMessages: extended });
  if (!announcer.connectsEarly) await listen();
  const early = announcer.connectsEarly ? undefined : sink.reached(load.prefixes * load.sessions, 0, withinMs);
  const { process, prefixes } = await announcer.start(scope, folder, { ...load, port });
  if (announcer.connectsEarly) await listen();
  const sessions = await Promise.race([
    early ?? sink.reached(prefixes * load.sessions, 0, withinMs),
    process.waitForEnd(withinMs).then(() => Promise.reject(new Error(`${announcer.name} has ended: ${process.output()}`))),
  ]);
  const { pid } = process;
  return { sink, folder, pid, row: { ...summary(sessions, { ...load, port, prefixes }, extended), ...usageOf(pid) } };
}

/** One announcer, one load: how long it takes, in how many UPDATEs, with how much memory and processor. */
export async function throughput(announcer: Announcer, load: Omit<Load, 'port'>, extended = false): Promise<Row> {
  const { prefixes, attributeSets, sessions } = load;
  const head = { case: 'announce', announcer: announcer.name, prefixes, attributeSets, sessions, ...(extended && { extended: 1 }) };
  if (!isInstalled(announcer)) return { ...head, skipped: `${announcer.program} is not installed` };
  const scope = new Scope();
  try {
    const { row, sink } = await announce(scope, announcer, load, extended);
    return { ...head, ...row, ...endOfRib(await sink.counts()) };
  } catch (error) {
    return { ...head, failed: (error as Error).message.slice(-200) };
  } finally {
    await scope.close();
  }
}

/** From Established to the last prefix: of the slowest session, and from the first Established to the last prefix of all. */
function summary(sessions: readonly SessionCounts[], load: Load, extended: boolean): Row {
  const [first] = sessions;
  const own = sessions.map(({ establishedMs, lastPrefixMs }) => lastPrefixMs - establishedMs);
  const started = Math.min(...sessions.map(({ establishedMs }) => establishedMs));
  const ended = Math.max(...sessions.map(({ lastPrefixMs }) => lastPrefixMs));
  const updates = sessions.reduce((sum, counts) => sum + counts.updates, 0);
  const fewest = load.sessions * fewestUpdates(load, first?.attributeOctets ?? 0, extended ? 65_535 : 4_096);
  return {
    slowestSessionMs: rounded(Math.max(...own)),
    allSessionsMs: rounded(ended - started),
    updates,
    fewestUpdates: fewest,
    packingPercent: rounded((100 * fewest) / updates),
  };
}

/** How long after its last prefix a session got End-of-RIB, and how many prefixes came after it. */
function endOfRib(sessions: readonly SessionCounts[]): Row {
  const marked = sessions.filter((counts) => !Number.isNaN(counts.endOfRibMs));
  if (marked.length < sessions.length) return {};
  return {
    endOfRibAfterMs: rounded(Math.max(...marked.map((counts) => counts.endOfRibMs - counts.lastPrefixMs))),
    afterEndOfRib: marked.reduce((sum, counts) => sum + counts.announced - counts.announcedBeforeEndOfRib, 0),
  };
}
