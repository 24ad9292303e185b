import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import type { Namespace } from './netns.ts';
import { type RunningProcess, run } from './processes.ts';
import type { Scope } from './scope.ts';
import { tempFolder } from './temp-folder.ts';

/** One path to a prefix, from `show route all`. */
export type BirdRoute = {
  readonly prefix: string;
  /** The protocol instance it came from, by the name in the configuration. */
  readonly protocol: string;
  /** Whether it is the one that BIRD selected. */
  readonly primary: boolean;
  /** `BGP.origin`, `BGP.as_path`, `BGP.next_hop`, `BGP.local_pref`, `BGP.community`, … as BIRD prints them. */
  readonly attributes: Readonly<Record<string, string>>;
};

/** A BGP session, from `show protocols all`. */
export type BirdSession = {
  /** `Established`, `Active`, `Connect`, … or empty when the protocol is down. */
  readonly state: string;
  /** Routes in UPDATEs that arrived since the protocol started, over all its channels: announced and withdrawn. */
  readonly updatesReceived: number;
  readonly withdrawsReceived: number;
  /** The whole text. */
  readonly text: string;
};

/** A running BIRD. */
export type Bird = {
  readonly process: RunningProcess;
  /** Runs one command of birdc and returns what it prints. */
  birdc(command: string): Promise<string>;
  /** All routes of all tables that a filter lets through: `routes('protocol speaker1')`; default all. */
  routes(filter?: string): Promise<BirdRoute[]>;
  /** A session by the protocol's name in the configuration. */
  session(protocol: string): Promise<BirdSession>;
  /** Replaces the configuration and reloads it, as an operator of the router would. */
  configure(config: string): Promise<void>;
};

/** Runs BIRD in a namespace. `config` is its whole configuration; `router id` and `protocol device {}` belong in it. */
export async function startBird(scope: Scope, namespace: Namespace, config: string): Promise<Bird> {
  const folder = tempFolder(scope, 'bird');
  const [file, socket] = [join(folder, 'bird.conf'), join(folder, 'bird.ctl')];
  writeFileSync(file, config);
  await run(['bird', '-p', '-c', file]);
  const process = namespace.start(scope, `bird in ${namespace.name}`, ['bird', '-f', '-c', file, '-s', socket, '-P', join(folder, 'pid')]);
  const birdc = (command: string) => run(['birdc', '-s', socket, command]);
  const ready = async () => {
    process.mustRun();
    return (await birdc('show status')).includes('Daemon is up and running');
  };
  await eventually(`${process.name} answers birdc`, ready);
  return {
    process,
    birdc,
    routes: async (filter = '') => parseRoutes(await birdc(`show route all ${filter}`)),
    session: async (protocol) => parseSession(await birdc(`show protocols all ${protocol}`)),
    configure: async (next) => {
      writeFileSync(file, next);
      const answer = await birdc('configure');
      if (!/Reconfigur/.test(answer)) throw new Error(`bird refused its configuration: ${answer}`);
    },
  };
}

/**
 * Reads `show route all`. The first path of a prefix names it, further ones leave the column empty:
 *
 *     192.0.2.53/32        unicast [one 21:25:01.123] * (100) [AS65001i]
 *     	via 198.18.0.11 on eth0
 *     	BGP.as_path: 65001
 *                          unicast [two 21:25:02.456] (100) [AS65002i]
 */
export function parseRoutes(text: string): BirdRoute[] {
  const routes: { prefix: string; protocol: string; primary: boolean; attributes: Record<string, string> }[] = [];
  for (const line of text.split('\n')) {
    const route = line.match(/^(\S+)?\s+(?:unicast|blackhole|unreachable|prohibit) \[(\S+) [^\]]*\](?: (\*))?/);
    const attribute = line.match(/^\t(\w[\w. ]*): (.*)$/);
    const last = routes.at(-1);
    if (route) {
      const [, prefix = last?.prefix ?? '', protocol = '', star] = route;
      routes.push({ prefix, protocol, primary: star === '*', attributes: {} });
    } else if (attribute?.[1] && last) {
      last.attributes[attribute[1]] = attribute[2] ?? '';
    }
  }
  return routes;
}

/** Reads `show protocols all NAME`; the columns of the import lines are received, rejected, filtered, ignored, accepted. */
export function parseSession(text: string): BirdSession {
  const received = (kind: string) =>
    [...text.matchAll(new RegExp(`Import ${kind}:\\s+(\\d+)`, 'g'))].reduce((sum, match) => sum + Number(match[1]), 0);
  return {
    state: text.match(/BGP state:\s+(\S+)/)?.[1] ?? '',
    updatesReceived: received('updates'),
    withdrawsReceived: received('withdraws'),
    text,
  };
}
