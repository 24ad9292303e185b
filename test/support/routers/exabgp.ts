import { appendFileSync, closeSync, openSync, readSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../eventually.ts';
import type { Namespace } from '../netns.ts';
import { run } from '../processes.ts';
import type { Scope } from '../scope.ts';
import { tempFolder } from '../temp-folder.ts';
import { byPrefix, communityTexts, originOf, type RouterConfig, type RouterDriver, type RouterNeighbor, type SeenRoute } from './router.ts';

/**
 * ExaBGP. It keeps no routes itself: it tells a program of its user what it hears, one JSON object a line, and takes commands
 * from it. Here that program is two lines of shell between two files, and the driver adds up what was heard.
 */
export const exabgp: RouterDriver = {
  name: 'ExaBGP',
  version: async () => (await run(['exabgp', '--version'])).match(/ExaBGP : (\d+(\.\d+)*)/)?.[1] ?? '',
  start: async (scope, namespace, config) => {
    const folder = tempFolder(scope, 'exabgp');
    const [file, commands, events] = ['exabgp.conf', 'commands', 'events'].map((name) => join(folder, name)) as [string, string, string];
    writeFileSync(file, configFile(namespace, `/bin/sh ${join(folder, 'api')}`, config));
    writeFileSync(join(folder, 'api'), `tail -n +1 -F ${commands} &\nexec cat >>${events}\n`);
    for (const empty of [commands, events]) writeFileSync(empty, '');
    const process = namespace.start(scope, `exabgp in ${namespace.name}`, ['exabgp', file], environment);
    const heard = new Heard(scope, events);
    const command = (text: string) => appendFileSync(commands, `${text}\n`);
    await eventually(`${process.name} listens`, async () => {
      process.mustRun();
      return (await namespace.run(['ss', '-Hltn', 'sport = 179'])).trim().split('\n').length >= 2;
    });
    return {
      process,
      established: async ({ address }) => heard.from(address).up,
      routes: async ({ address }) => byPrefix([...heard.from(address).routes.values()]),
      count: async ({ address }) => heard.from(address).routes.size,
      refresh: async ({ address, family }) => command(`neighbor ${address} announce route-refresh ${family} unicast`),
      shutdown: async ({ address }) => command(`neighbor ${address} teardown 2`),
      // It dials, or takes a call, again by itself.
      enable: async () => undefined,
      freeze: () => process.freeze(),
      thaw: () => process.thaw(),
    };
  },
};

/** An event, as ExaBGP encodes it; the fields that are read. */
type Event = {
  readonly neighbor?: {
    readonly address: { readonly peer: string };
    readonly state?: 'up' | 'connected' | 'down';
    readonly message?: { readonly update?: Update };
  };
};
type Update = {
  readonly attribute?: Attributes;
  readonly announce?: Readonly<Record<string, Readonly<Record<string, readonly { readonly nlri: string }[]>>>>;
  readonly withdraw?: Readonly<Record<string, readonly { readonly nlri: string }[]>>;
};
type Attributes = {
  readonly origin?: string;
  readonly 'as-path'?: readonly number[];
  readonly med?: number;
  readonly 'local-preference'?: number;
  readonly community?: readonly (readonly number[])[];
  readonly 'large-community'?: readonly (readonly number[])[];
};

type Neighbor = { up: boolean; readonly routes: Map<string, SeenRoute> };

/** What ExaBGP has told so far, added up; reads what is new in the file each time it is asked. */
class Heard {
  readonly #file: number;
  readonly #neighbors = new Map<string, Neighbor>();
  readonly #chunk = Buffer.alloc(1 << 20);
  #rest = Buffer.alloc(0);

  constructor(scope: Scope, path: string) {
    this.#file = openSync(path, 'r');
    scope.onClose('events of ExaBGP', () => closeSync(this.#file));
  }

  from(address: string): Neighbor {
    for (let octets = readSync(this.#file, this.#chunk); octets > 0; octets = readSync(this.#file, this.#chunk)) {
      this.#rest = Buffer.concat([this.#rest, this.#chunk.subarray(0, octets)]);
      const end = this.#rest.lastIndexOf('\n') + 1;
      const lines = this.#rest.subarray(0, end).toString().split('\n');
      this.#rest = this.#rest.subarray(end);
      // Answers to commands are there too.
      for (const line of lines.filter((each) => each.startsWith('{'))) this.#apply(JSON.parse(line));
    }
    return this.#of(address);
  }

  #of(address: string): Neighbor {
    const known = this.#neighbors.get(address) ?? { up: false, routes: new Map() };
    this.#neighbors.set(address, known);
    return known;
  }

  #apply({ neighbor }: Event): void {
    if (!neighbor) return;
    const of = this.#of(neighbor.address.peer);
    if (neighbor.state) of.up = neighbor.state === 'up';
    if (neighbor.state === 'down') of.routes.clear();
    const { attribute = {}, announce = {}, withdraw = {} } = neighbor.message?.update ?? {};
    for (const { nlri } of Object.values(withdraw).flat()) of.routes.delete(nlri);
    for (const [nextHop, prefixes] of Object.values(announce).flatMap((each) => Object.entries(each))) {
      // The second next hop that IPv6 routes may have (RFC 2545 §3) is told like a route of its own.
      if (nextHop.startsWith('fe80:')) continue;
      for (const { nlri } of prefixes) if (nlri) of.routes.set(nlri, seen(nlri, nextHop, attribute));
    }
  }
}

const seen = (prefix: string, nextHop: string, attributes: Attributes): SeenRoute => ({
  prefix,
  nextHop,
  origin: originOf(attributes.origin ?? ''),
  asPath: attributes['as-path'] ?? [],
  med: attributes.med ?? null,
  localPref: attributes['local-preference'] ?? null,
  communities: communityTexts((attributes.community ?? []).map((parts) => parts.join(':'))),
  largeCommunities: communityTexts((attributes['large-community'] ?? []).map((parts) => parts.join(':'))),
});

const environment = {
  'exabgp.daemon.drop': 'false',
  'exabgp.daemon.user': 'root',
  'exabgp.api.cli': 'false',
  'exabgp.api.ack': 'false',
  'exabgp.log.level': 'WARNING',
};

const configFile = (namespace: Namespace, program: string, { asn, neighbors }: RouterConfig) => `
process heard {
  run ${program};
  encoder json;
}
${neighbors.map((neighbor) => neighborBlock(namespace, asn, neighbor)).join('\n')}
`;

const neighborBlock = ({ ipv4, ipv6 }: Namespace, localAsn: number, neighbor: RouterNeighbor) => `
neighbor ${neighbor.address} {
  router-id ${ipv4};
  local-address ${neighbor.family === 'ipv4' ? ipv4 : ipv6};
  local-as ${localAsn};
  peer-as ${neighbor.asn};
  hold-time 9;
  listen 179;
  passive ${!neighbor.dials};
  ${neighbor.password === undefined ? '' : `md5-password "${neighbor.password}";`}
  ${neighbor.ttlSecurity ? 'outgoing-ttl 255; incoming-ttl 255;' : ''}
  capability { route-refresh enable; asn4 enable; }
  family { ipv4 unicast; ipv6 unicast; }
  api { processes [ heard ]; neighbor-changes; receive { parsed; update; } }
}`;
