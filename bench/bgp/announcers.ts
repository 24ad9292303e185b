import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../../test/support/eventually.ts';
import { freePorts } from '../../test/support/ports.ts';
import { type RunningProcess, run, startProcess } from '../../test/support/processes.ts';
import type { Scope } from '../../test/support/scope.ts';
import { installedEnvironment } from '../support/program.ts';
import { announcerAsn, eachPrefix, eachSession, type Load, nextHop, sinkAsn } from './load.ts';
import { tableDump } from './table-dump.ts';

/** A speaker that runs. */
export type Running = {
  readonly process: RunningProcess;
  /** Prefixes that it really has to announce, where that is fewer than it was given. */
  readonly prefixes: number;
};

/** A program that announces a load. */
export type Announcer = {
  readonly name: string;
  /** The program's file: where it is missing the announcer is not installed. */
  readonly program: string;
  /** Most prefixes over all sessions that it is asked for: what takes minutes to start tells nothing more. */
  readonly mostRoutes: number;
  /** Whether it connects before it has its routes, so that the sink may listen only once it is started. */
  readonly connectsEarly: boolean;
  readonly start: (scope: Scope, folder: string, load: Load) => Promise<Running>;
};

const root = join(import.meta.dirname, '../..');
const routerId = '10.255.255.2';

/** Path of our admin socket below the folder of the run. */
export const adminSocket = (folder: string): string => join(folder, 'admin.sock');

export const anycast: Announcer = {
  name: 'anycast',
  program: join(root, 'dist/anycast.mjs'),
  mostRoutes: Number.POSITIVE_INFINITY,
  connectsEarly: false,
  start: async (scope, folder, load) => {
    const peers = eachSession(load, (address) => ({
      name: address,
      address,
      port: load.port,
      peerASN: sinkAsn,
      families: ['IPv4'],
      sourceAddress: '127.0.0.1',
      nextHop: { ipv4: nextHop },
      multihopTTL: 2,
      holdTimeSeconds: load.holdTimeSeconds,
      connectRetrySeconds: 1,
    }));
    return { process: startAnycast(scope, folder, peers, load), prefixes: load.prefixes };
  },
};

/** Our speaker from the bundle, with these peers of its configuration file. */
export function startAnycast(scope: Scope, folder: string, peers: readonly object[], load: Load): RunningProcess {
  const routes = eachPrefix(load, (prefix, community) => ({ prefix, attributes: { communities: [community?.join(':')] } }));
  const listed = load.attributeSets === 1;
  if (listed) writeFileSync(join(folder, 'routes'), eachPrefix(load, (prefix) => prefix).join('\n'));
  const config = { asn: announcerAsn, routerId, peers, ...(listed ? { routesFile: 'routes' } : { routes }) };
  const file = join(folder, 'speaker.json');
  writeFileSync(file, JSON.stringify(config));
  const options = ['--config', file, '--state-dir', folder, '--admin', `unix:${adminSocket(folder)}`, '--listen-http', '127.0.0.1:0'];
  const argv = ['sh', '-c', 'exec "$0" "$@" >>"$LOG" 2>&1', process.execPath, anycast.program, 'speaker', ...options] as const;
  const env = { ...installedEnvironment('speaker'), LOG: join(folder, 'log') };
  return startProcess(scope, 'anycast speaker', { argv, env });
}

export const exabgp: Announcer = {
  name: 'exabgp',
  program: '/usr/sbin/exabgp',
  mostRoutes: 1_000_000,
  connectsEarly: false,
  start: async (scope, folder, load) => {
    const routes = eachPrefix(load, (prefix, community) => {
      const attributes = community === undefined ? '' : ` community [${community.join(':')}]`;
      return `route ${prefix} next-hop ${nextHop}${attributes};`;
    }).join('\n');
    const neighbors = eachSession(
      load,
      (address) => `neighbor ${address} {
        router-id ${routerId}; local-address 127.0.0.1; local-as ${announcerAsn}; peer-as ${sinkAsn};
        hold-time ${load.holdTimeSeconds}; group-updates true; connect ${load.port};
        family { ipv4 unicast; } static { ${routes} } }`,
    );
    const file = join(folder, 'exabgp.conf');
    writeFileSync(file, neighbors.join('\n'));
    const env = { 'exabgp.log.level': 'ERR', 'exabgp.daemon.drop': 'false', 'exabgp.api.cli': 'false' };
    return { process: startProcess(scope, 'exabgp', { argv: ['exabgp', file], env }), prefixes: load.prefixes };
  },
};

export const bird: Announcer = {
  name: 'bird',
  program: '/usr/sbin/bird',
  mostRoutes: 1_000_000,
  connectsEarly: false,
  start: async (scope, folder, load) => {
    const routes = eachPrefix(load, (prefix, community) => {
      const attributes = community === undefined ? '' : ` { bgp_community.add((${community.join(',')})); }`;
      return `route ${prefix} blackhole${attributes};`;
    });
    const sessions = eachSession(
      load,
      (address) => `protocol bgp {
        local 127.0.0.1 as ${announcerAsn}; neighbor ${address} port ${load.port} as ${sinkAsn}; multihop 2;
        hold time ${load.holdTimeSeconds}; connect delay time 1; connect retry time 1; error wait time 1, 1;
        ipv4 { import none; export all; next hop address ${nextHop}; }; }`,
    );
    const file = join(folder, 'bird.conf');
    const statics = `protocol static { ipv4; ${routes.join('\n')} }`;
    writeFileSync(file, `router id ${routerId};\nprotocol device {}\n${statics}\n${sessions.join('\n')}\n`);
    const argv = ['bird', '-f', '-c', file, '-s', join(folder, 'bird.ctl'), '-P', join(folder, 'bird.pid')] as const;
    return { process: startProcess(scope, 'bird', { argv }), prefixes: load.prefixes };
  },
};

export const gobgp: Announcer = {
  name: 'gobgp',
  program: '/usr/bin/gobgpd',
  mostRoutes: 1_000_000,
  connectsEarly: true,
  start: async (scope, folder, load) => {
    const neighbors = eachSession(
      load,
      (address) => `[[neighbors]]
[neighbors.config]
neighbor-address = "${address}"
peer-as = ${sinkAsn}
[neighbors.transport.config]
local-address = "127.0.0.1"
remote-port = ${load.port}
[neighbors.ebgp-multihop.config]
enabled = true
multihop-ttl = 2
[neighbors.timers.config]
hold-time = ${load.holdTimeSeconds}
connect-retry = 1
idle-hold-time-after-reset = 1`,
    );
    const global = `[global.config]\nas = ${announcerAsn}\nrouter-id = "${routerId}"\nport = -1\n`;
    const [file, dump] = [join(folder, 'gobgp.toml'), join(folder, 'routes.mrt')];
    writeFileSync(file, `${global}${neighbors.join('\n')}\n`);
    writeFileSync(dump, tableDump(load));
    const [port = 0] = await freePorts(1);
    const process = startProcess(scope, 'gobgpd', { argv: ['gobgpd', '-f', file, '--api-hosts', `127.0.0.1:${port}`, '-l', 'error'] });
    const gobgp = (...words: string[]) => run(['gobgp', '-p', String(port), ...words], { withinMs: 300_000 });
    await eventually(
      'gobgpd answers',
      () => gobgp('global').catch(() => ''),
      (text) => text.includes('AS:'),
    );
    await gobgp('mrt', 'inject', 'global', dump);
    // Its command ends before its last routes are stored, and some are never.
    let before = -1;
    const stored = await eventually(
      'gobgpd has stored its routes',
      async () => Number((await gobgp('global', 'rib', 'summary')).match(/Destination: (\d+)/)?.[1]),
      (count) => {
        const settled = count === before && count > 0;
        before = count;
        return settled;
      },
      { everyMs: 500, withinMs: 60_000 },
    );
    return { process, prefixes: stored };
  },
};

export const announcers: readonly Announcer[] = [anycast, exabgp, gobgp, bird];

export const isInstalled = ({ program }: Announcer): boolean => existsSync(program);
