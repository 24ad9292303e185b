import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { seededRandom } from '#runtime/random.ts';
import { startSpeaker } from '../support/anycast-speaker.ts';
import { type Bird, startBird } from '../support/bird.ts';
import { eventually } from '../support/eventually.ts';
import { startFrr } from '../support/frr.ts';
import { createNetwork } from '../support/netns.ts';
import { Scope } from '../support/scope.ts';
import { birdAsn, birdConfig, birdHas, established, frrAsn, frrConfig, manyPrefixes, namedRoutes, speakerFile } from './attacked.ts';

/*
 * What a network engineer does to a speaker before trusting it: routers that are cleared, killed, frozen and cut off at odd moments,
 * which the seed in a failure's message gives again. Afterwards each router has exactly our routes, and keeps them.
 */
let scope = new Scope();
afterEach(async () => {
  await scope.close();
  scope = new Scope();
});

const patient = { withinMs: 60_000, everyMs: 200 };
/** `SEED` of the environment, for pauses as they were; routers and kernel still add their own. */
const newSeed = (): number => Number(process.env['SEED'] ?? Date.now() % 1_000_000);

/** Waits until BIRD has so many routes. */
const birdGets = (bird: Bird, what: string, isWanted: (count: number) => boolean, everyMs = 200) =>
  eventually(`BIRD has ${what}`, () => birdHas(bird), isWanted, { withinMs: 60_000, everyMs });

it('has one session with each router, and keeps it, after storms of clear while both sides dial', async () => {
  const seed = newSeed();
  const random = seededRandom(seed);
  const network = await createNetwork(scope);
  const [node, frrNode, birdNode] = [await network.add('node'), await network.add('frr'), await network.add('bird')];
  const frr = await startFrr(scope, frrNode, frrConfig(frrNode, node));
  const bird = await startBird(scope, birdNode, birdConfig(birdNode, node));
  const peers = [
    { name: 'frr', address: frrNode.ipv4, peerASN: frrAsn },
    { name: 'bird', address: birdNode.ipv4, peerASN: birdAsn },
  ];
  const speaker = await startSpeaker(scope, node, speakerFile(node, peers), { flags: ['--listen', `${node.ipv4}:179`] });
  for (let round = 0; round < 25; round++) {
    await delay(random() * 1_200);
    await Promise.all([frr.vtysh('clear bgp *'), bird.birdc('restart all')]);
  }
  const counts = async () => [await established(speaker), Object.keys(await frr.routes('ipv4')).length, await birdHas(bird)].join();
  await eventually(`all is back, seed ${seed}`, counts, (seen) => seen === [2, namedRoutes, namedRoutes].join(), patient);
  const [droppedBefore, restartsBefore] = [(await frr.neighbor(node.ipv4)).connectionsDropped, await bird.session('speaker')];
  // Longer than the hold time: a second connection that nobody reads would end by then.
  await delay(12_000);
  expect((await frr.neighbor(node.ipv4)).connectionsDropped, `seed ${seed}`).toBe(droppedBefore);
  expect((await bird.session('speaker')).updatesReceived, `seed ${seed}`).toBe(restartsBefore.updatesReceived);
  expect(await counts(), `seed ${seed}`).toBe([2, namedRoutes, namedRoutes].join());
});

it('gives a router that was killed amid 100,000 routes, again and again, exactly those that hold', async () => {
  const seed = newSeed();
  const random = seededRandom(seed);
  const network = await createNetwork(scope);
  const [node, birdNode] = [await network.add('node'), await network.add('bird')];
  const many = manyPrefixes(100_000);
  const peers = [{ address: birdNode.ipv4, peerASN: birdAsn, holdTimeSeconds: 3 }];
  const speaker = await startSpeaker(scope, node, speakerFile(node, peers, many));
  for (let round = 0; round < 4; round++) {
    const short = new Scope();
    const bird = await startBird(short, birdNode, birdConfig(birdNode, node));
    await birdGets(bird, `some, seed ${seed}`, (count) => count > 0, 20);
    await delay(random() * 150);
    bird.process.signal('SIGKILL');
    await short.close();
    await speaker.configure(speakerFile(node, peers, many.slice(round * 20_000)));
  }
  const bird = await startBird(scope, birdNode, birdConfig(birdNode, node));
  await birdGets(bird, `what holds, seed ${seed}`, (count) => count === 40_000 + namedRoutes);
});

it('tells one router at once what another that stands still amid 100,000 routes hears when it goes on', async () => {
  const network = await createNetwork(scope);
  const [node, stillNode, quickNode] = [await network.add('node'), await network.add('still'), await network.add('quick')];
  const still = await startBird(scope, stillNode, birdConfig(stillNode, node));
  const quick = await startBird(scope, quickNode, birdConfig(quickNode, node));
  const peers = [stillNode, quickNode].map(({ ipv4 }) => ({ address: ipv4, peerASN: birdAsn, holdTimeSeconds: 60 }));
  const speaker = await startSpeaker(scope, node, speakerFile(node, peers));
  await eventually(
    'both are up',
    () => established(speaker),
    (count) => count === 2,
    patient,
  );
  await still.process.freeze();
  const many = manyPrefixes(100_000);
  await speaker.configure(speakerFile(node, peers, many));
  await birdGets(quick, 'all', (count) => count === many.length + namedRoutes);
  await speaker.configure(speakerFile(node, peers, many.slice(1)));
  await birdGets(quick, 'one less', (count) => count === many.length - 1 + namedRoutes);
  expect(await established(speaker), 'the other stands still all the time').toBe(2);
  still.process.thaw();
  await birdGets(still, 'what holds', (count) => count === many.length - 1 + namedRoutes);
});

it('comes back with exactly what holds over a link that fails for less and for more than the hold time', async () => {
  const seed = newSeed();
  const random = seededRandom(seed);
  const network = await createNetwork(scope);
  const [node, birdNode] = [await network.add('node'), await network.add('bird')];
  const bird = await startBird(scope, birdNode, birdConfig(birdNode, node));
  const peers = [{ address: birdNode.ipv4, peerASN: birdAsn, holdTimeSeconds: 3 }];
  const listening = { flags: ['--listen', `${node.ipv4}:179`] };
  const speaker = await startSpeaker(scope, node, speakerFile(node, peers, manyPrefixes(20_000)), listening);
  for (let round = 0; round < 6; round++) {
    await delay(random() * 1_500);
    await birdNode.ip(['link set eth0 down']);
    await delay(random() * 5_000);
    await birdNode.ip(['link set eth0 up']);
    await speaker.configure(speakerFile(node, peers, manyPrefixes(20_000 - round * 1_000)));
  }
  await birdGets(bird, `what holds, seed ${seed}`, (count) => count === 15_000 + namedRoutes);
});
