import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { eventually } from '../../test/support/eventually.ts';
import { freePorts } from '../../test/support/ports.ts';
import { startProcess } from '../../test/support/processes.ts';
import { Scope } from '../../test/support/scope.ts';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { rounded } from '../statistics.ts';
import { startAnycast } from './announcers.ts';
import { announcerAsn, sinkAsn } from './load.ts';
import type { Row } from './throughput.ts';
import { usageOf } from './usage.ts';

/** A routing daemon that takes our routes. */
type Router = {
  readonly name: string;
  readonly program: string;
  readonly start: (scope: Scope, folder: string, port: number) => number;
  /** A unix socket below the folder, what to send, and when the answer is complete. */
  readonly socket: string;
  readonly question: string;
  readonly ended: (answer: string) => boolean;
  /** Routes that it has, as its answer says. */
  readonly routes: (answer: string) => number;
};

const bird: Router = {
  name: 'bird',
  program: '/usr/sbin/bird',
  start: (scope, folder, port) => {
    const file = join(folder, 'bird.conf');
    writeFileSync(
      file,
      `router id 10.255.255.1;\nprotocol device {}\nprotocol bgp speaker { local 127.0.0.2 port ${port} as ${sinkAsn};
        neighbor 127.0.0.1 as ${announcerAsn}; strict bind; passive; multihop 2; ipv4 { import all; export none; }; }`,
    );
    const argv = ['bird', '-f', '-c', file, '-s', join(folder, 'bird.ctl'), '-P', join(folder, 'bird.pid')] as const;
    return startProcess(scope, 'bird', { argv }).pid;
  },
  socket: 'bird.ctl',
  question: 'show route count\n',
  ended: (answer) => /^\d{4} /m.test(answer.replace(/^0001.*\n/, '')),
  routes: (answer) => Number(answer.match(/(\d+) of \d+ routes/)?.[1] ?? 0),
};

const frr: Router = {
  name: 'frr',
  program: '/usr/lib/frr/bgpd',
  start: (scope, folder, port) => {
    const file = join(folder, 'bgpd.conf');
    writeFileSync(
      file,
      `router bgp ${sinkAsn}\n bgp router-id 10.255.255.1\n no bgp ebgp-requires-policy\n neighbor 127.0.0.1 remote-as ${announcerAsn}
 neighbor 127.0.0.1 passive\n neighbor 127.0.0.1 ebgp-multihop 2\n neighbor 127.0.0.1 disable-connected-check\n`,
    );
    const where = ['-f', file, '-i', join(folder, 'bgpd.pid'), '--vty_socket', folder, '-P', '0', '-p', String(port), '-l', '127.0.0.2'];
    return startProcess(scope, 'bgpd', { argv: ['/usr/lib/frr/bgpd', '-Z', '-S', ...where] }).pid;
  },
  socket: 'bgpd.vty',
  question: 'show bgp ipv4 unicast summary json\0',
  // Every answer of a vty ends with three zero octets and the command's result.
  ended: (answer) => answer.includes('\0\0\0'),
  routes: (answer) => Number(answer.match(/"pfxRcd":(\d+)/)?.[1] ?? 0),
};

export const intoBird = (prefixes: number): Promise<Row> => into(bird, prefixes);
export const intoFrr = (prefixes: number): Promise<Row> => into(frr, prefixes);

/** Our speaker into a routing daemon, until the daemon's own count of routes shows all of them. */
async function into(router: Router, prefixes: number): Promise<Row> {
  const head = { case: 'into a router', announcer: 'anycast', router: router.name, prefixes };
  if (!existsSync(router.program)) return { ...head, skipped: `${router.program} is not installed` };
  const scope = new Scope();
  try {
    const folder = tempFolder(scope, 'bench-bgp');
    const [port = 0] = await freePorts(1);
    const pid = router.start(scope, folder, port);
    const ask = await questioner(scope, router, folder);
    const nextHop = { ipv4: '192.0.2.1' };
    const peer = {
      address: '127.0.0.2',
      port,
      peerASN: sinkAsn,
      sourceAddress: '127.0.0.1',
      nextHop,
      multihopTTL: 2,
      connectRetrySeconds: 1,
    };
    const load = { prefixes, attributeSets: 1, sessions: 1, holdTimeSeconds: 90, port };
    const speaker = startAnycast(scope, folder, [{ ...peer, holdTimeSeconds: 90 }], load);
    const done = await eventually(
      `${router.name} has ${prefixes} routes`,
      async () => ((await ask()) >= prefixes ? Date.now() : 0),
      (at) => at > 0,
      {
        withinMs: 120_000,
        everyMs: 5,
      },
    );
    speaker.mustRun();
    return { ...head, ms: rounded(done - establishedAt(folder)), ...usageOf(speaker.pid), routerPeakRssMB: usageOf(pid).peakRssMB };
  } finally {
    await scope.close();
  }
}

/** Wall-clock time of the line that says that the session is Established. */
function establishedAt(folder: string): number {
  const line = readFileSync(join(folder, 'log'), 'utf8').match(/^.*"state":"Established".*$/m)?.[0] ?? '{}';
  const { time } = JSON.parse(line) as { time?: string | number };
  return typeof time === 'number' ? time : Date.parse(time ?? '');
}

/** Asks the daemon over a connection that stays open: a client process for each question would cost more than the answer. */
async function questioner(scope: Scope, router: Router, folder: string): Promise<() => Promise<number>> {
  const path = join(folder, router.socket);
  await eventually(`${router.name} is there`, () => existsSync(path), Boolean);
  const socket = connect(path);
  scope.onClose('the question', () => void socket.destroy());
  socket.setEncoding('latin1');
  let answer = '';
  let answered: (text: string) => void = () => undefined;
  socket.on('data', (text) => {
    answer += String(text);
    if (router.ended(answer)) answered(answer);
  });
  return () =>
    new Promise<number>((resolve) => {
      answer = '';
      answered = (text) => resolve(router.routes(text));
      socket.write(router.question);
    });
}
