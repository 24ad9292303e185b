import { readFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { parseAnycastAdvertisement } from '#api/anycast-advertisement.ts';
import { parseAnycastPeer } from '#api/anycast-peer.ts';
import { parseAnycastPool } from '#api/anycast-pool.ts';
import { parseConfig } from '#speaker/config/config-file.ts';
import { startProcess } from '../support/processes.ts';
import { Scope } from '../support/scope.ts';
import { tempFolder } from '../support/temp-folder.ts';

const root = resolve(import.meta.dirname, '../..');
const scope = new Scope();
afterAll(() => scope.close());

/** The commands of a guide: its blocks marked `sh`, one after another, as a reader would paste them. */
function commandsOf(guide: string): string {
  const text = readFileSync(join(root, guide), 'utf8');
  return [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map((block) => block[1]).join('\n');
}

describe('the guide to a speaker without Kubernetes', () => {
  it('does what it says, command by command', async () => {
    // What it left running in the background ends with the shell, also when a command fails.
    const script = `set -euo pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n${commandsOf('docs/guides/standalone.md')}`;
    expect(script).toContain('anycast collector');
    const shell = startProcess(scope, 'guide', {
      argv: ['timeout', '60', 'bash', '-c', script],
      cwd: tempFolder(scope, 'guide'),
      env: { PATH: `${root}${delimiter}${process.env['PATH'] ?? ''}` },
    });
    expect(await shell.waitForEnd(70_000), shell.output()).toBe(0);
    expect(shell.output()).toContain('"prefix":"192.0.2.53/32"');
  });
});

describe('the guide for who comes from MetalLB', () => {
  const guide = readFileSync(join(root, 'docs/guides/from-metallb.md'), 'utf8');

  it('has objects that are taken', () => {
    const [, text = ''] = /^```yaml\n(.*?)^```$/ms.exec(guide) ?? [];
    const [pool, peer, advertisement] = parseAllDocuments(text).map((document) => document.toJS());
    expect(parseAnycastPool(pool)).toMatchObject({ ok: true });
    expect(parseAnycastPeer(peer)).toMatchObject({ ok: true });
    expect(parseAnycastAdvertisement(advertisement)).toMatchObject({ ok: true });
  });

  it('names fields that there are', () => {
    const reference = readFileSync(join(root, 'docs/reference/resources.md'), 'utf8');
    const ours = [...guide.matchAll(/^\|[^|]*\|([^|]*)\|/gm)].map(([, cell = '']) => cell).filter((cell) => cell.includes(' Anycast'));
    const fields = ours.flatMap((cell) => [...cell.matchAll(/`([A-Za-z]+)`/g)].map(([, field]) => field));
    expect(fields.length).toBeGreaterThan(15);
    expect(fields.filter((field) => !reference.includes(`spec.${field}`))).toEqual([]);
  });
});

describe('the guide to unnumbered routers', () => {
  const guide = readFileSync(join(root, 'docs/guides/unnumbered.md'), 'utf8');
  const [peer, kustomization] = [...guide.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, text = '']) => parse(text));

  it('has an AnycastPeer and a file that are taken', () => {
    expect(parseAnycastPeer(peer)).toMatchObject({ ok: true, value: { spec: { interface: 'eth1' } } });
    const [, peers] = /`(peers: .*?)`/.exec(guide) ?? [];
    expect(parseConfig(`asn: 64512\nrouterId: 192.0.2.1\n${peers}`)).toMatchObject({ ok: true, value: { peers: [{ interface: 'eth1' }] } });
  });

  it('has a patch that adds what the chart adds', () => {
    const [{ target, patch }] = kustomization.patches;
    const objects = parseAllDocuments(readFileSync(join(root, 'deploy/base/operator.yaml'), 'utf8')).map((each) => each.toJS());
    const speakers = objects.find(({ kind, metadata }) => kind === target.kind && metadata.name === target.name);
    const [{ op, path, value }] = parse(patch);
    const steps = path.split('/').slice(1, -1);
    expect([op, path.endsWith('/capabilities/add'), value]).toEqual(['add', true, ['NET_RAW']]);
    expect(steps.reduce((at: Record<string, unknown>, step: string) => at[step], speakers)).toEqual({ drop: ['ALL'] });
  });
});
