import { expect } from 'vitest';
import { type AnycastSpeaker, type SpeakerFile, startSpeaker } from '../../support/anycast-speaker.ts';
import { eventually } from '../../support/eventually.ts';
import { createNetwork, type Namespace, type Network } from '../../support/netns.ts';
import type { Line, RouterDriver, UnnumberedRouter } from '../../support/routers/router.ts';
import { Scope } from '../../support/scope.ts';
import { soon } from '../lab.ts';
import { routerAsn, speakerAsn } from '../nodes.ts';
import type { Capability } from './capability.ts';

export const unnumbered: Capability = {
  id: 'unnumbered',
  title:
    'unnumbered eBGP: the router is found by its advertisements (RFC 4861), also at a new address; IPv4 over IPv6 next hops (RFC 8950)',
  check: async ({ driver }) => {
    const { startUnnumbered, dialsUnnumbered } = driver;
    if (startUnnumbered === undefined) throw new Error(`${driver.name} knows no neighbours by interface`);
    const scope = new Scope();
    try {
      await tryLines(scope, startUnnumbered, dialsUnnumbered ? [false, true] : [false]);
    } finally {
      await scope.close();
    }
    return dialsUnnumbered ? undefined : 'the router only waits';
  },
};

/**
 * A line and the speaker at its other end:
 *
 *     router  leaf0 ── leaf0  node0, which dials
 *             leaf1 ── leaf1  node1, which waits
 *
 * No address but the link-local ones is on it, and a node has no other way to the router.
 */
type Place = {
  readonly line: Line;
  readonly node: Namespace;
  readonly speaker: AnycastSpeaker;
  /** What the node announces, an IPv4 and an IPv6 address of its own. */
  readonly addresses: readonly [string, string];
  /** The speaker's link-local address. */
  readonly end: string;
};

async function tryLines(scope: Scope, start: NonNullable<RouterDriver['startUnnumbered']>, dials: readonly boolean[]): Promise<void> {
  const network = await createNetwork(scope);
  const place = await network.add('router');
  const places: Place[] = [];
  for (const [index, routerDials] of dials.entries()) places.push(await addLine(scope, network, place, { index, routerDials }));
  const lines = places.map(({ line }) => line);
  let routerScope = new Scope();
  scope.onClose('the router', () => routerScope.close());
  const router = await start(routerScope, place, routerAsn, lines);
  for (const each of places) {
    await hasRoutes(router, each, [0, 1]);
    await carriesPackets(place, each);
    await withdraws(router, each);
  }
  await routerScope.close();
  routerScope = new Scope();
  const next = await start(routerScope, place, routerAsn, lines);
  for (const each of places) await hasRoutes(next, each, [0, 1]);
  await moves(place, next, places[0] as Place);
}

async function addLine(
  scope: Scope,
  network: Network,
  router: Namespace,
  { index, routerDials }: { readonly index: number; readonly routerDials: boolean },
): Promise<Place> {
  const device = `leaf${index}`;
  const node = await network.add(`node${index}`);
  const addresses = [`192.0.2.${index + 1}`, `2001:db8::${index + 1}`] as const;
  await router.ip([`link add ${device} type veth peer name ${device} netns ${node.name}`, `link set ${device} up`]);
  await node.ip([
    `address add ${addresses[0]}/32 dev lo`,
    `address add ${addresses[1]}/128 dev lo nodad`,
    'link set eth0 down',
    `link set ${device} up`,
  ]);
  const [end, gateway] = [await linkLocal(node, device), await linkLocal(router, device)];
  await node.run(['ip', '-4', 'route', 'add', 'default', 'via', 'inet6', gateway, 'dev', device]);
  await node.run(['ip', '-6', 'route', 'add', 'default', 'via', gateway, 'dev', device]);
  const line: Line = { device, asn: speakerAsn, dials: routerDials };
  const flags = ['--listen', '0.0.0.0:179', '--listen', '[::]:179'];
  const speaker = await startSpeaker(scope, node, fileOf(node, line, addresses), { flags });
  return { line, node, speaker, addresses, end };
}

const fileOf = (node: Namespace, { device, dials }: Line, addresses: readonly string[]): SpeakerFile => ({
  asn: speakerAsn,
  routerId: node.ipv4,
  peers: [{ interface: device, peerASN: routerAsn, connectRetrySeconds: 1, ...(dials && { passive: true }) }],
  routes: addresses.map((address) => ({ prefix: prefixOf(address) })),
});

const prefixOf = (address: string): string => (address.includes(':') ? `${address}/128` : `${address}/32`);

const linkLocal = (namespace: Namespace, device: string): Promise<string> =>
  eventually(`${namespace.name} has a link-local address on ${device}`, async () => {
    const shown = await namespace.run(['ip', '-6', 'address', 'show', 'dev', device, 'scope', 'link']);
    return /inet6 (fe80:\S+)\/64/.exec(shown)?.[1] ?? '';
  });

/** The router has these of the node's addresses, and nothing else from it; in both families the next hop is the speaker's end of the line. */
async function hasRoutes(router: UnnumberedRouter, { line, addresses, end }: Place, which: readonly (0 | 1)[]): Promise<void> {
  const wanted = which.map((index) => prefixOf(addresses[index]));
  const routes = await soon(
    `the router has ${wanted.join()} over ${line.device}`,
    () => router.routes(line),
    (all) => all.map(({ prefix }) => prefix).join() === wanted.join(),
  );
  for (const route of routes) expect(route).toMatchObject({ nextHop: end, asPath: [speakerAsn] });
  expect(await router.established(line)).toBe(true);
}

/** A connection from the router to each address, over the line: there is no other way. The speaker takes it and, of a stranger, drops it. */
async function carriesPackets(router: Namespace, { addresses }: Place): Promise<void> {
  for (const address of addresses) {
    await soon(`the router reaches ${address}`, () => router.run(['bash', '-c', `exec 3<>/dev/tcp/${address}/179`]).then(() => true));
  }
}

async function withdraws(router: UnnumberedRouter, place: Place): Promise<void> {
  const { speaker, node, line, addresses } = place;
  await speaker.configure(fileOf(node, line, [addresses[1]]));
  await hasRoutes(router, place, [1]);
  await speaker.configure(fileOf(node, line, addresses));
  await hasRoutes(router, place, [0, 1]);
}

/** The router's end of the line gets another link-local address: the session follows. */
async function moves(router: Namespace, running: UnnumberedRouter, place: Place): Promise<void> {
  const { device } = place.line;
  const before = await linkLocal(router, device);
  await router.ip([`link set ${device} down`, `link set ${device} address 02:00:00:00:00:01`, `link set ${device} up`]);
  const after = await linkLocal(router, device);
  expect(after).not.toBe(before);
  const found = () => place.speaker.process.output().includes(`"address":"${after}"`);
  await eventually('the speaker finds the router at its other address', found, Boolean, { withinMs: 60_000 });
  await hasRoutes(running, place, [0, 1]);
}
