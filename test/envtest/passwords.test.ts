import { statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { type RunningProcess, run } from '../support/processes.ts';
import { Scope } from '../support/scope.ts';
import type { KubeObject } from './client.ts';
import { system } from './support/anycast-processes.ts';
import { nodeNames, peerOf, refinementOf, Site, type SiteService } from './support/main-job.ts';
import { asn } from './support/routers.ts';

const scope = new Scope();
afterAll(() => scope.close());

let site: Site;
/** Every operator that ran. */
const operators: RunningProcess[] = [];
/** Serves on all nodes, all the while. */
let steady: SiteService;

/** Both sessions with FRR have their password in this Secret, and those with BIRD have none. */
const families = ['ipv4', 'ipv6'] as const;
const passwords = { wrong: 'never-what-the-router-has', first: 'first-of-the-router', second: 'second-of-the-router' } as const;
const secret = (data: Readonly<Record<string, string>>): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'frr', namespace: system.namespace },
  type: 'kubernetes.io/basic-auth',
  stringData: data,
});
const securedPeer = (family: (typeof families)[number]): KubeObject => {
  const peer = peerOf(site, 'frr', family) as KubeObject & { spec: object };
  return { ...peer, spec: { ...peer.spec, passwordSecret: 'frr' } };
};

beforeAll(async () => {
  site = await Site.start(scope, { env: { ANYCAST_LOG_LEVEL: 'debug' } });
  operators.push(site.operator);
  steady = await site.createService('steady');
  await site.client.create(refinementOf(steady, {}));
  await site.runPods(steady);
  await site.untilRouted(steady, nodeNames);
});

/** What a node's speaker answers at its admin socket. */
const admin = (node: (typeof nodeNames)[number], path: string): Promise<string> =>
  run(['curl', '-sS', '--unix-socket', join(site.speakerFolder(node), 'admin.sock'), `http://speaker${path}`]);

/** What a node's speaker has at `/metrics`: nothing else in its namespace listens on the loopback address. */
async function metricsOf(node: (typeof nodeNames)[number]): Promise<string> {
  const namespace = site.namespace(node);
  const [address = ''] = (await namespace.run(['ss', '-Hltn', 'src', '127.0.0.1'])).match(/127\.0\.0\.1:\d+/) ?? [];
  return namespace.run(['curl', '-sS', `http://${address}/metrics`]);
}

/** Names of the peers that a node's speaker knows of. */
const peersOf = async (node: (typeof nodeNames)[number]): Promise<string[]> =>
  (JSON.parse(await admin(node, '/sessions')) as { readonly peer: string }[]).map(({ peer }) => peer).sort();

/** FRR takes connections of nodes with this password from now on, and no others; undefined: unsigned ones. */
async function setRouterPassword(password: string | undefined): Promise<void> {
  const addresses = nodeNames.flatMap((node) => families.map((family) => site.namespace(node)[family]));
  const lines = addresses.map((address) =>
    password === undefined ? `no neighbor ${address} password` : `neighbor ${address} password ${password}`,
  );
  await site.routers.frr.vtysh('configure terminal', `router bgp ${asn.frr}`, ...lines);
}

/** FRR's neighbours, one for each node and family. */
const neighbors = () =>
  Promise.all(nodeNames.flatMap((node) => families.map((family) => site.routers.frr.neighbor(site.namespace(node)[family]))));

const established = async (): Promise<boolean[]> => (await neighbors()).map(({ bgpState }) => bgpState === 'Established');

/** Packets that FRR's kernel dropped because they were signed otherwise. */
async function droppedByKernel(): Promise<number> {
  const counters = JSON.parse(await site.routers.namespaces.frr.run(['nstat', '-asz', '--json', 'TcpExtTCPMD5*'])) as {
    kernel: Record<string, number>;
  };
  return Object.values(counters.kernel).reduce((sum, count) => sum + count, 0);
}

const eachPeer = async (check: (peer: KubeObject) => Promise<unknown>): Promise<void> => {
  for (const family of families) await check(securedPeer(family));
};

const untilUp = () => eachPeer((peer) => site.untilCondition(peer, 'Ready', { status: 'True', reason: 'Established' }));

describe('sessions with a router whose password is in a Secret', () => {
  it('are not opened while the Secret is not there, though the router would take them unsigned', async () => {
    for (const family of families) {
      await site.client.delete(peerOf(site, 'frr', family));
      await site.untilGone(peerOf(site, 'frr', family));
      await site.client.create(securedPeer(family));
    }
    await eachPeer(async (peer) => {
      const { message } = await site.untilCondition(peer, 'ResolvedRefs', { status: 'False', reason: 'SecretNotFound' });
      expect(message).toContain('there is no Secret anycast-system/frr of type kubernetes.io/basic-auth');
      await site.untilCondition(peer, 'Ready', { status: 'False', reason: 'SecretNotFound' });
    });
    for (const node of nodeNames) expect(await peersOf(node)).toEqual(['bird-ipv4', 'bird-ipv6']);
    expect(await established()).not.toContain(true);
  });

  it('do not come up with a password that the router does not have', async () => {
    await setRouterPassword(passwords.first);
    const before = await droppedByKernel();
    await site.client.create(secret({ password: passwords.wrong }));
    await eachPeer((peer) => site.untilCondition(peer, 'ResolvedRefs', { status: 'True', reason: 'Resolved' }));
    await eventually('the kernel drops what is signed otherwise', droppedByKernel, (count) => count >= before + 6);
    await eachPeer((peer) => site.untilCondition(peer, 'Ready', { status: 'False', reason: 'SessionDown' }));
    expect(await established()).not.toContain(true);
  });

  it('come up with the right one', async () => {
    await site.client.patch(secret({}), { stringData: { password: `${passwords.first}\n` } });
    await untilUp();
    await site.untilRouted(steady, nodeNames);
  });

  it('begin anew when it changes at both ends, and those with other routers hear nothing of it', async () => {
    const before = site.routers.updates();
    const dropped = (await neighbors()).map(({ connectionsDropped }) => connectionsDropped);
    await setRouterPassword(passwords.second);
    await site.client.patch(secret({}), { stringData: { password: passwords.second } });
    await eventually('all sessions were lost, and are established again', neighbors, (all) =>
      all.every(({ bgpState, connectionsDropped }, index) => bgpState === 'Established' && connectionsDropped > (dropped[index] ?? 0)),
    );
    await untilUp();
    await site.untilRouted(steady, nodeNames);
    expect(site.updatesSince(before).bird).toBe(0);
  });

  it('stay when the Secret is deleted, also under an operator that never saw it, and say so', async () => {
    const before = site.routers.updates();
    await site.client.delete(secret({}));
    const gone = { status: 'False', reason: 'SecretNotFound' } as const;
    await eachPeer(async (peer) => {
      const { message } = await site.untilCondition(peer, 'ResolvedRefs', gone);
      expect(message).toMatch(/the password that was read last stays in force$/);
    });
    await site.operator.stop();
    await site.startOperator();
    operators.push(site.operator);
    await site.untilConnected();
    await eachPeer(async (peer) => {
      const says = async () => (await site.untilCondition(peer, 'ResolvedRefs', gone)).message;
      await eventually('the new operator says what it does not know', says, (message) =>
        message.endsWith('one that is established goes on'),
      );
      await site.untilCondition(peer, 'Ready', { status: 'True' });
    });
    expect(await established()).not.toContain(false);
    expect(site.updatesSince(before)).toEqual({ frr: 0, bird: 0 });

    await site.setReady(steady, 'n2', false);
    await site.untilRouted(steady, ['n1', 'n3']);
    await site.setReady(steady, 'n2', true);
    await site.untilRouted(steady, nodeNames);
  });

  it('take a Secret that is back as if it had never been away', async () => {
    const before = site.routers.updates();
    await site.client.create(secret({ password: passwords.second }));
    await eachPeer((peer) => site.untilCondition(peer, 'ResolvedRefs', { status: 'True' }));
    expect(await established()).not.toContain(false);
    expect(site.updatesSince(before)).toEqual({ frr: 0, bird: 0 });
  });

  it('are kept with their password in files of their owner alone', () => {
    for (const node of nodeNames) {
      const state = join(site.speakerFolder(node), 'state');
      expect([state, join(state, `${node}.state`)].map((path) => statSync(path).mode & 0o777)).toEqual([0o700, 0o600]);
    }
  });

  it('are spoken of nowhere by their password: logs, objects, events, metrics, admin sockets', async () => {
    const kinds = ['AnycastPeer', 'AnycastSpeaker', 'AnycastService', 'AnycastPool', 'AnycastAdvertisement'];
    const objects = [
      ...kinds.map((kind) => site.client.list('anycast-operator.io/v1alpha1', kind)),
      site.client.list('events.k8s.io/v1', 'Event'),
      site.client.list('coordination.k8s.io/v1', 'Lease'),
      site.client.list('v1', 'Service'),
    ];
    const outputs = [
      JSON.stringify(await Promise.all(objects)),
      await (await fetch(`http://${site.place.http}/metrics`)).text(),
      ...operators.map((operator) => operator.output()),
    ];
    for (const node of nodeNames) {
      const speaker = site.speakers.get(node);
      if (speaker === undefined) throw new Error(`${node} has no speaker`);
      outputs.push(speaker.output(), await admin(node, '/sessions'), await admin(node, '/routes'), await metricsOf(node));
    }
    const everything = outputs.join('\n');
    const found = (words: readonly string[]) => words.filter((word) => everything.includes(word));
    const told = ['session-change', 'frr-ipv6', 'anycast_session_established', 'anycast_decisions_total', 'Announced'];
    expect(found(told)).toEqual(told);
    expect(found(Object.values(passwords).flatMap(formsOf))).toEqual([]);
  });
});

/** A password as it is, and as bytes are often printed. The last characters of base64 depend on what follows. */
const formsOf = (password: string): string[] => [
  password,
  Buffer.from(password).toString('base64').slice(0, -3),
  Buffer.from(password).toString('hex'),
];
