import { z } from 'zod';
import { statusFields } from './conditions.ts';
import { ageColumn, conditionColumn, defineKind, messageColumn, reasonColumn } from './kind.ts';
import { limits } from './limits.ts';
import { parserOf } from './parse.ts';
import { address, count, int32, list, objectName, text, withRules } from './schema.ts';

const serviceRef = withRules(z.object({ name: objectName.describe('Name of the Service, in the same namespace.') }), [
  { cel: 'self == oldSelf', message: 'an AnycastService stays with its Service: delete it, and create another one for the other Service' },
]);

const spec = z.object({
  mode: z
    .enum(['Announce', 'Observe'])
    .default('Announce')
    .describe(
      'Announce, or Observe: everything is computed and reported, and no route is announced. Changing to Observe withdraws what is announced. Default Announce.',
    ),
  serviceRef: serviceRef.describe(
    'The Service of type LoadBalancer that is refined. One AnycastService per Service: of several the oldest counts. It cannot be changed.',
  ),
  addresses: list(address, 'set', { max: limits.serviceAddresses })
    // The API server compares texts: one address written in two ways is two for it.
    .transform((addresses) => [...new Set(addresses)])
    .exactOptional()
    .describe(
      'IP addresses of the Service. Each must be in an AnycastPool that the namespace may use, and of a family that the Service has. Default: those that the Service asks for with the annotation anycast-operator.io/addresses or with loadBalancerIP; of a foreign load-balancer class those in its status.',
    ),
  endpointPolicy: z
    .enum(['Local', 'Cluster'])
    .exactOptional()
    .describe(
      "Whose endpoints let a node announce: Local, only those on the node itself; Cluster, those of any node. Default: the Service's externalTrafficPolicy. Cluster is refused while that is Local, for kube-proxy would drop the traffic.",
    ),
  dataPlaneGate: z
    .enum(['Auto', 'HealthCheckNodePort', 'Delay'])
    .default('Auto')
    .describe(
      "What a node waits for before it announces, so that kube-proxy forwards by then: HealthCheckNodePort, until the Service's healthCheckNodePort answers, in the family of the route, that there are local endpoints; Delay, announceDelayMs; Auto, the port once it has answered on the node, else the delay. Going down never waits. Default Auto.",
    ),
  announceDelayMs: int32(0, limits.announceDelayMs)
    .default(1_000)
    .describe('How long Delay waits after an endpoint is ready, in milliseconds, 0 to 60000. Default 1000: kube-proxy needs up to 924.'),
});

const addressStatus = z.object({
  address: text(limits.addressLength).describe('The IP address.'),
  prefix: text(limits.prefixLength).describe('What is announced for it.'),
  announcedNodes: count.describe('Nodes whose routers have the route.'),
  candidateNodes: count.describe('Nodes that are eligible and have an endpoint, ready or not.'),
});

const status = z.object({
  ...statusFields(
    'Accepted: the spec can be followed. ResolvedRefs: the Service is there and ours. Announced: at least one router has a route. Ready: all that should be announced is, to a router at least of each node. Reconciling and Stalled are there only while true.',
  ),
  addresses: list(addressStatus, ['address'], { max: limits.serviceAddresses })
    .exactOptional()
    .describe('The addresses, and where they are announced.'),
  addressSummary: z
    .string()
    .max(limits.serviceAddresses * (limits.addressLength + 1))
    .exactOptional()
    .describe('The addresses as one text, separated by commas, for kubectl get.'),
  announcedNodes: count.exactOptional().describe('Nodes that announce at least one address.'),
  candidateNodes: count.exactOptional().describe('Nodes that are eligible and have an endpoint of at least one family.'),
  announced: text(limits.wordLength).exactOptional().describe('announcedNodes/candidateNodes as one text, such as 2/3, for kubectl get.'),
});

export const anycastService = defineKind({
  kind: 'AnycastService',
  plural: 'anycastservices',
  shortName: 'acs',
  namespaced: true,
  description:
    'An AnycastService refines how one Service of its namespace is announced: with which addresses, by which nodes, and from when. A LoadBalancer Service of class anycast-operator.io/anycast needs none; a Service of another class is announced only if it has one.',
  spec: spec.describe('What is wanted.'),
  status: status.describe('What is so, as the operator sees it.'),
  columns: [
    { name: 'Service', type: 'string', jsonPath: '.spec.serviceRef.name', description: 'The Service.' },
    { name: 'Addresses', type: 'string', jsonPath: '.status.addressSummary', description: 'Its addresses.' },
    { name: 'Announced', type: 'string', jsonPath: '.status.announced', description: 'Nodes that announce, of those that could.' },
    conditionColumn('Ready', 'Whether all that should be announced is.'),
    reasonColumn,
    ageColumn,
    messageColumn,
  ],
});

export type AnycastServiceSpec = z.output<typeof spec>;
export type AnycastServiceStatus = z.output<typeof status>;

/** Reads an AnycastService. */
export const parseAnycastService = parserOf(anycastService);
