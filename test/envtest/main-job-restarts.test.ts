import { chmodSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { run } from '../support/processes.ts';
import { Scope } from '../support/scope.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { logLines } from './support/anycast-processes.ts';
import { nodeNames, Site, type SiteService } from './support/main-job.ts';

const scope = new Scope();
afterAll(() => scope.close());

let site: Site;
let service: SiteService;
/** What the speaker of n1 keeps, over its restarts. */
let folder: string;
const stateFile = (): string => join(folder, 'state/n1.state');
const everywhere = [...nodeNames];

beforeAll(async () => {
  site = await Site.start(scope);
  folder = tempFolder(scope, 'speaker-of-n1');
  service = await site.createService('dns');
  await site.runPods(service);
  await site.untilRouted(service, everywhere);
  await site.speakers.get('n1')?.stop();
  await restart();
});

/** Starts the speaker of n1 with what it kept; returns when routers have its routes. */
async function restart(): Promise<void> {
  site.speakers.set('n1', await site.startSpeaker('n1', folder));
  await site.untilRouted(service, everywhere);
}

const speaker = () => {
  const running = site.speakers.get('n1');
  if (running === undefined) throw new Error('n1 has no speaker');
  return running;
};

async function kill(): Promise<void> {
  speaker().signal('SIGKILL');
  await speaker().waitForEnd();
  await site.untilRouted(service, ['n2', 'n3']);
}

/** The disk follows the wire within a second: what is killed before that waits for the operator. */
const untilKept = () => eventually('the speaker has kept its verdicts', () => readFileSync(stateFile(), 'utf8').includes('"passed":["'));

describe('a speaker that starts again', () => {
  it('announces what it kept, while the operator is away', async () => {
    await untilKept();
    await site.operator.stop();
    await kill();
    await restart();
    expect(logLines(speaker(), 'state-restored')).toEqual([expect.objectContaining({ sameBoot: true })]);
    expect(logLines(speaker(), 'operators').filter(({ count }) => count !== 0)).toEqual([]);
    await site.startOperator();
    await site.untilConnected();
  });

  it.each([
    ['is cut off', () => truncateSync(stateFile(), 100), /checksum is wrong/],
    ['is of another version', () => writeFileSync(stateFile(), 'anycast-speaker-state 0 x\n{}'), /another version wrote it/],
    ['is empty', () => truncateSync(stateFile(), 0), /another version wrote it/],
  ])('with a state that %s sets it aside, says so, and hears the operator', async (_, damage, message) => {
    await untilKept();
    await kill();
    damage();
    await restart();
    expect(logLines(speaker(), 'state-unreadable')).toEqual([expect.objectContaining({ msg: expect.stringMatching(message) })]);
    expect(readdirSync(join(folder, 'state'))).toContain('n1.state.unreadable');
  });

  it('is followed by no second one with the same folder, nor with the same node: the first goes on', async () => {
    const before = site.routers.updates();
    const second = await site.startSpeaker('n1', folder);
    expect(await second.waitForEnd()).toBe(2);
    expect(second.output()).toMatch(/another process has .*n1\.lock: it runs with the same folder and name/);

    const elsewhere = await site.startSpeaker('n1');
    await eventually('the operator turns it away', () => site.operator.output().includes('must wait until it is gone'));
    await elsewhere.stop();
    speaker().mustRun();
    await site.untilRouted(service, everywhere);
    expect(site.updatesSince(before)).toEqual({ frr: 0, bird: 0 });
  });

  it('on a full disk says so, announces and withdraws all the same, and writes when there is room again', async () => {
    await speaker().stop();
    await site.untilRouted(service, ['n2', 'n3']);
    const state = join(tempFolder(scope, 'full-disk'), 'state');
    await run(['mkdir', '-p', state]);
    await run(['mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', state]);
    scope.onClose('the full disk', () => run(['umount', '-l', state]).then(() => undefined));
    chmodSync(state, 0o700);
    writeFileSync(join(state, 'filler'), Buffer.alloc(48 * 1024));
    await run(['bash', '-c', `head -c 64k /dev/zero >> ${join(state, 'filler')} || true`]);
    site.speakers.set('n1', await site.startSpeaker('n1', join(state, '..')));
    await site.untilRouted(service, everywhere);
    await speaker().waitForOutput(/"event":"state-not-written"[^\n]*ENOSPC/);

    await site.setReady(service, 'n1', false);
    await site.untilRouted(service, ['n2', 'n3']);
    await run(['rm', join(state, 'filler')]);
    await speaker().waitForOutput(/"event":"state-written"/, 30_000);
  });
});
