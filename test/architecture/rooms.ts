/** The table of rooms of docs/architecture.md: what each may import. The longest matching folder is the room. */
const everyBgp = ['bgp/wire', 'bgp/fsm', 'bgp/rib', 'bgp/policy', 'bgp/peer'];

export const rooms: Readonly<Record<string, readonly string[] | 'anything but cli' | 'anything'>> = {
  runtime: [],
  net: ['runtime'],
  obs: ['net', 'runtime'],
  linux: ['obs', 'net', 'runtime'],
  state: ['net', 'runtime'],
  api: ['net', 'runtime'],
  decide: ['state', 'bgp/policy', 'net', 'runtime'],
  'bgp/wire': ['net', 'runtime'],
  'bgp/fsm': ['bgp/wire', 'net', 'runtime'],
  'bgp/rib': ['bgp/wire', 'net', 'runtime'],
  'bgp/policy': ['bgp/wire', 'net', 'runtime'],
  'bgp/peer': [...everyBgp, 'linux', 'net', 'obs', 'runtime'],
  probe: ['linux', 'state', 'net', 'obs', 'runtime'],
  kube: ['obs', 'runtime'],
  rpc: ['state', 'net', 'obs', 'runtime'],
  operator: ['decide', 'api', 'kube', 'rpc', 'state', 'net', 'obs', 'runtime'],
  speaker: [...everyBgp, 'probe', 'linux', 'rpc', 'state', 'net', 'obs', 'runtime'],
  collector: [...everyBgp, 'linux', 'net', 'obs', 'runtime'],
  lab: 'anything but cli',
  cli: 'anything',
};

/** Rooms without time, chance and I/O: their results depend on their arguments only. */
export const pureRooms = [
  'net',
  'state',
  'decide',
  'bgp/wire',
  'bgp/fsm',
  'bgp/rib',
  'bgp/policy',
  'probe/verdict',
  'speaker/accept',
  'speaker/gate',
];

/** Packages and the only rooms that may import them. */
export const packageOwners: Readonly<Record<string, readonly string[]>> = {
  '@kubernetes/client-node': ['kube'],
  undici: ['kube'],
  '@grpc/grpc-js': ['rpc'],
  '@bufbuild/protobuf': ['rpc'],
  koffi: ['linux'],
  pino: ['obs'],
  'prom-client': ['obs'],
  commander: ['cli'],
  zod: ['api', 'state', 'cli', 'speaker'],
  yaml: ['api', 'cli', 'speaker'],
};

/** The room of a file below src/. */
export function roomOf(file: string): string | undefined {
  const matching = Object.keys(rooms).filter((room) => file.startsWith(`${room}/`));
  return matching.sort((a, b) => b.length - a.length)[0];
}
