import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { eventually } from '../support/eventually.ts';
import { freePorts } from '../support/ports.ts';
import { type RunningProcess, startProcess } from '../support/processes.ts';
import { Scope } from '../support/scope.ts';
import { tempFolder } from '../support/temp-folder.ts';
import type { KubeObject } from './client.ts';
import { anycast, logLines, readiness, startOperator, untilReady } from './support/anycast-processes.ts';
import { ourObject, refinementOf, Site, type SiteService } from './support/main-job.ts';

const scope = new Scope();
afterAll(() => scope.close());

const folder = tempFolder(scope, 'bad-input');
/** Flags that keep a program to itself, so that what is tested is the only thing wrong with it. */
const apart = ['--listen-http', '127.0.0.1:0'];
const speakerFlags = [...apart, '--state-dir', join(folder, 'state'), '--node', 'n1'];

/** Starts a program that refuses what it is given: its exit code, and everything that it printed. */
async function refusalOf(...args: string[]): Promise<{ readonly code: number | string; readonly lines: string[] }> {
  const program = startProcess(scope, `anycast ${args[0]}`, { argv: [anycast, ...args] });
  const code = await program.waitForEnd();
  return { code, lines: program.output().trimEnd().split('\n') };
}

function fileWith(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

describe('a configuration file of a speaker', () => {
  const peer = (port: number) => `{ address: 127.0.0.1, port: ${port}, peerASN: 64501, connectRetrySeconds: 1 }`;
  const good = (port: number) => `{ asn: 64512, routerId: 192.0.2.1, peers: [${peer(port)}], routes: [{ prefix: 192.0.2.53/32 }] }`;

  it.each([
    ['that is no YAML', 'asn: 64512\npeers: [\n', /not YAML: .* at line \d+, column \d+/],
    [
      'with a field that there is not',
      good(179).replace('routes:', 'routs:'),
      /the file has no field "routs": check the spelling, or remove it/,
    ],
    ['with a peer without AS', good(179).replace(' peerASN: 64501,', ''), /peers\[0\]\.peerASN is missing/],
    ['with an address that is none', good(179).replace('192.0.2.53/32', '192.0.2.530/32'), /routes\[0\]\.prefix is "192\.0\.2\.530\/32": /],
  ])('%s ends the program with one line that names file and field', async (_, text, line) => {
    const file = fileWith('bad.yaml', text);
    const { code, lines } = await refusalOf('speaker', '--config', file, ...speakerFlags);
    expect(lines).toEqual([expect.stringMatching(line)]);
    expect(lines[0]).toContain(file);
    expect(code).toBe(2);
  });

  it('that becomes unreadable while it runs changes nothing', async () => {
    const [bgp = 0, http = 0] = await freePorts(2);
    const asked = ['--listen', `127.0.0.1:${bgp}`, '--http', `127.0.0.1:${http}`, '--asn', '64501', '--router-id', '192.0.2.2'];
    const collector = startProcess(scope, 'anycast collector', { argv: [anycast, 'collector', ...asked] });
    const file = fileWith('config.yaml', good(bgp));
    const speaker = startProcess(scope, 'anycast speaker', { argv: [anycast, 'speaker', '--config', file, ...speakerFlags] });
    const routes = async () => {
      for (const process of [collector, speaker]) process.mustRun();
      const answer = await fetch(`http://127.0.0.1:${http}/routes`);
      return ((await answer.json()) as { readonly prefix: string; readonly monotonicUs: number }[]).map(({ prefix, monotonicUs }) => ({
        prefix,
        monotonicUs,
      }));
    };
    const before = await eventually('the collector has the route', routes, (all) => all.length === 1);

    fileWith('config.yaml', `${good(bgp)}]`);
    speaker.signal('SIGHUP');
    await speaker.waitForOutput(/reload-refused/);
    expect(logLines(speaker, 'reload-refused')[0]?.['msg']).toMatch(/config\.yaml: not YAML: .* at line 1/);
    expect(await routes()).toEqual(before);

    fileWith('config.yaml', good(bgp).replace('192.0.2.53/32', '192.0.2.54/32'));
    speaker.signal('SIGHUP');
    await eventually('the next good file counts', routes, (all) => all.length === 1 && all[0]?.prefix === '192.0.2.54/32');
  });
});

describe('a kubeconfig', () => {
  const operator = (kubeconfig: string) =>
    refusalOf('operator', '--kubeconfig', kubeconfig, ...apart, '--listen-grpc', '127.0.0.1:0', '--insecure');

  it.each([
    ['that is not there', () => join(folder, 'nowhere'), 'does not exist; name a readable kubeconfig with --kubeconfig'],
    ['that is a folder', () => folder, 'is a folder; name a readable kubeconfig with --kubeconfig'],
    ['that is no YAML', () => fileWith('kubeconfig', 'clusters: ['), 'is not valid: '],
    [
      'without a context',
      () => fileWith('kubeconfig', 'apiVersion: v1\nkind: Config\n'),
      'current-context is not set; choose one with kubectl config use-context',
    ],
  ])('%s ends the operator with one line that names it and says what to do', async (_, kubeconfig, says) => {
    const file = kubeconfig();
    const { code, lines } = await operator(file);
    expect(lines).toEqual([expect.stringContaining(`kubeconfig ${file}`)]);
    expect(lines[0]).toContain(says);
    expect(code).toBe(2);
  });
});

describe('a port that is in use', () => {
  it('ends the program with one line that names it', async () => {
    const other = createServer();
    await new Promise<void>((listening) => other.listen(0, '127.0.0.1', listening));
    scope.onClose('a port in use', () => void other.close());
    const taken = `127.0.0.1:${(other.address() as { port: number }).port}`;
    const config = fileWith('config.yaml', '{ asn: 64512, routerId: 192.0.2.1, peers: [{ address: 127.0.0.1, peerASN: 64501 }] }');
    const state = join(folder, 'state-of-another');
    const speaker = ['speaker', '--config', config, '--node', 'n1', '--state-dir', state, '--listen-http', taken];
    const collector = ['collector', '--asn', '64501', '--router-id', '192.0.2.2'];
    for (const args of [
      speaker,
      [...collector, '--listen', taken, '--http', '127.0.0.1:0'],
      [...collector, '--listen', '127.0.0.1:0', '--http', taken],
    ]) {
      const { code, lines } = await refusalOf(...args);
      expect(lines).toEqual([expect.stringContaining(taken)]);
      expect(lines[0]).toMatch(/in use; stop what listens there, or choose another port/);
      expect(code).toBe(2);
    }
  });
});

describe('in a cluster', () => {
  let site: Site;
  /** Serves all the while: whatever else goes wrong, routers hear of no change of its routes. */
  let steady: SiteService;
  const quiet = { frr: 0, bird: 0 };

  beforeAll(async () => {
    site = await Site.start(scope);
    steady = await site.createService('steady');
    await site.runPods(steady, ['n1', 'n2']);
    await site.untilRouted(steady, ['n1', 'n2']);
  });

  /** The API server's answer to an object, asked as kubectl asks. */
  const strictly = async (plural: string, object: KubeObject): Promise<string> =>
    site.client.request('POST', `/apis/${object.apiVersion}/${plural}?fieldValidation=Strict`, object).then(
      () => 'accepted',
      (error: Error) => error.message,
    );

  it('a field that there is not is refused by name', async () => {
    const pool = ourObject('AnycastPool', 'misspelt', { addresses: ['192.0.2.0/24'], adresses: ['192.0.2.0/24'] });
    expect(await strictly('anycastpools', pool)).toContain('unknown field "spec.adresses"');
  });

  it('a peer without AS is refused by name', async () => {
    const peer = ourObject('AnycastPeer', 'no-as', { address: '192.0.2.1', localASN: 64512 });
    expect(await strictly('anycastpeers', peer)).toContain('spec.peerASN: Required value');
  });

  it('an address outside of all pools is not announced, and the condition says which and where to add it', async () => {
    const before = site.routers.updates();
    const stray = await site.createService('stray', { addresses: { ipv4: '203.0.113.1', ipv6: '2001:db8:bad::1' } });
    const refinement = refinementOf(stray, {});
    await site.client.create(refinement);
    await site.runPods(stray, ['n1']);
    const { message } = await site.untilCondition(refinement, 'Ready', { status: 'False', reason: 'AddressNotInPool' });
    expect(message).toBe(
      'Service edge/stray: address 203.0.113.1 is in no AnycastPool that namespace edge may use. Add it to one. It may use: edge.',
    );
    expect((await site.untilCondition(refinement, 'Stalled', { status: 'True' })).reason).toBe('AddressNotInPool');
    await site.untilRouted(stray, []);
    expect(site.updatesSince(before)).toEqual(quiet);
  });

  it('a Service that no AnycastService names says by an event of its own why it is not announced', async () => {
    const silent = await site.createService('silent', { addresses: { ipv4: '203.0.113.2', ipv6: '2001:db8:bad::2' } });
    await site.runPods(silent, ['n1']);
    type KubeEvent = KubeObject & { readonly regarding: { readonly name: string }; readonly reason: string; readonly note: string };
    const events = () => site.client.list<KubeEvent>('events.k8s.io/v1', 'Event', 'edge');
    const about = async () =>
      (await events()).filter(({ regarding, reason }) => regarding.name === 'silent' && reason === 'AddressNotInPool');
    const [event, ...others] = await eventually('the event', about, (all) => all.length > 0);
    expect(others).toEqual([]);
    expect(event).toMatchObject({
      type: 'Warning',
      note: 'Service edge/silent: address 203.0.113.2 is in no AnycastPool that namespace edge may use. Add it to one. It may use: edge.',
    });
    expect(logLines(site.operator, 'not-announced')).toContainEqual(expect.objectContaining({ service: 'edge/silent', level: 'warn' }));
  });

  it('an address that another Service holds stays with it, and the condition of the newcomer names the holder', async () => {
    const before = site.routers.updates();
    const newcomer = await site.createService('newcomer', { addresses: steady.addresses });
    const refinement = refinementOf(newcomer, {});
    await site.client.create(refinement);
    await site.runPods(newcomer, ['n3']);
    const { message } = await site.untilCondition(refinement, 'Ready', { status: 'False', reason: 'AddressInUse' });
    expect(message).toBe(
      `Service edge/newcomer: address ${steady.addresses.ipv4} is held by Service edge/steady. Choose another address, or remove it there.`,
    );
    await site.untilRouted(steady, ['n1', 'n2']);
    expect(site.updatesSince(before)).toEqual(quiet);
  });

  it('a port in use ends a second operator with one line; the first goes on', async () => {
    const before = site.routers.updates();
    const second = startOperator(scope, site.place, site.plane.access.kubeconfig);
    expect(await second.waitForEnd()).toBe(2);
    const lines = second.output().trimEnd().split('\n');
    expect(lines).toEqual([expect.stringContaining(site.place.grpc)]);
    expect(lines[0]).toMatch(/in use/);
    site.operator.mustRun();
    expect(site.updatesSince(before)).toEqual(quiet);
  });

  it('a missing definition keeps a new operator from deciding: it says what to apply, and goes on by itself once that is done', async () => {
    const before = site.routers.updates();
    const file = definitionFile('AnycastHold');
    await site.operator.stop();
    const definition = parse(readFileSync(file, 'utf8')) as KubeObject;
    await site.client.delete(definition);
    await site.untilGone(definition);

    const operator: RunningProcess = startOperator(scope, site.place, site.plane.access.kubeconfig);
    const { text } = await eventually(
      'the operator says what is missing',
      () => {
        operator.mustRun();
        return readiness(site.place);
      },
      (answer) => answer.status === 503 && answer.text.includes('anycastholds.anycast-operator.io'),
    );
    expect(text).toContain('kubectl apply --server-side -f crds/');
    await site.setReady(steady, 'n2', false);
    expect(site.updatesSince(before)).toEqual(quiet);

    await site.client.applyFiles(file);
    await untilReady(operator, site.place);
    await site.untilRouted(steady, ['n1']);
    await site.untilUpdates(before, 2);
  });
});

/** The file below crds/ that defines a kind. */
function definitionFile(kind: string): string {
  const crds = join(import.meta.dirname, '../../crds');
  const file = readdirSync(crds).find((name) => readFileSync(join(crds, name), 'utf8').includes(`kind: ${kind}\n`));
  if (file === undefined) throw new Error(`crds/ has no definition of ${kind}`);
  return join(crds, file);
}
