import type { Random } from '#runtime/random.ts';
import type { VirtualFleet } from './virtual-fleet.ts';

/** How many nodes have a Service: most Services run in few places, some in many. */
const placesPerService = { least: 3, most: 20 } as const;

/** Nodes on which a Service is ready: between 3 and 20 of them, all where there are fewer. */
export function randomPlaces(random: Random, nodes: number): Set<number> {
  const { least, most } = placesPerService;
  const count = Math.min(nodes, least + Math.floor(random() * (most - least + 1)));
  const places = new Set<number>();
  while (places.size < count) places.add(Math.floor(random() * nodes));
  return places;
}

/** One thing that happens in a cluster, most often to the endpoints of one Service; it is not waited for. */
export function randomChange(fleet: VirtualFleet, random: Random): void {
  const service = Math.floor(random() * fleet.readyOn.length);
  const node = Math.floor(random() * fleet.nodes);
  const dice = random() * 100;
  if (dice < 60) toggleReady(fleet, service, random);
  else if (dice < 80) move(fleet, service, node);
  else if (dice < 86) fleet.deleteService(service);
  // Also creates what was deleted; an address that another Service has is refused until that one goes.
  else if (dice < 96) fleet.putService(service, random() < 0.2 ? (service + 1) % fleet.readyOn.length : service);
  else if (dice < 98) fleet.putNode(node, random() < 0.5 ? 'True' : 'Unknown');
  else if (dice < 99.9) fleet.connect(node);
  else fleet.putAdvertisement(Math.floor(random() * 1_000));
}

/** After this, what is announced follows from the objects alone: every Service has its own address, every Node is Ready. */
export async function putRight(fleet: VirtualFleet): Promise<void> {
  // What is being deleted goes first: what is applied to it would go with it.
  await fleet.settle();
  for (let node = 0; node < fleet.nodes; node++) fleet.putNode(node, 'True');
  for (const service of fleet.readyOn.keys()) {
    fleet.putService(service);
    fleet.putSlice(service);
  }
  await fleet.settle();
}

/** One endpoint becomes ready, or stops being so. */
function toggleReady(fleet: VirtualFleet, service: number, random: Random): void {
  const places = fleet.placesOf(service);
  const node = places[Math.floor(random() * places.length)];
  const ready = fleet.readyOn[service];
  if (node === undefined || ready === undefined) return;
  if (!ready.delete(node)) ready.add(node);
  fleet.putSlice(service);
}

/** A pod is gone from one node and comes up on another. */
function move(fleet: VirtualFleet, service: number, to: number): void {
  const [from] = fleet.readyOn[service] ?? [];
  if (from !== undefined) fleet.readyOn[service]?.delete(from);
  fleet.readyOn[service]?.add(to);
  fleet.putSlice(service);
}
