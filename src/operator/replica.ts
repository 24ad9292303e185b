import { epochAnnotation } from '#api/names.ts';
import { Connection } from '#kube/connection.ts';
import { EventRecorder } from '#kube/events.ts';
import { loadKubeconfig } from '#kube/kubeconfig.ts';
import { Reflector } from '#kube/reflector.ts';
import type { KubeObject, ResourceType } from '#kube/resource.ts';
import { type RequestObservation, RestClient } from '#kube/rest-client.ts';
import { healthRoutes } from '#obs/health.ts';
import { HttpServer } from '#obs/http-server.ts';
import type { Logger } from '#obs/logger.ts';
import type { Metrics } from '#obs/metrics.ts';
import { CertificateFiles } from '#rpc/credentials.ts';
import { SpeakerServer } from '#rpc/server.ts';
import { realClock } from '#runtime/clock.ts';
import { realRandom } from '#runtime/random.ts';
import { err, ok, type Result } from '#runtime/result.ts';
import type { Shutdown } from '#runtime/shutdown.ts';
import { projectEndpointSlice, projectNamespace, projectNode, projectService } from './core-objects.ts';
import { projectCustomObject } from './custom-object.ts';
import { LeaseLeadership } from './lease-leadership.ts';
import type { Sources } from './observe/observer.ts';
import { Operator } from './operator.ts';
import { passwordSecretType, projectPasswordSecret, secretResource } from './password-secret.ts';
import { resourceTypes, speakerType } from './resource-types.ts';
import { successorWith } from './successor.ts';
import { tokenReviewer } from './token-reviewer.ts';

/** Where to listen. */
type Endpoint = { readonly address: string; readonly port: number };

/** How one replica runs on a real machine and against a real API server. */
export type ReplicaOptions = {
  /** Absent: KUBECONFIG, ~/.kube/config, or the pod's service account. */
  readonly kubeconfig?: string;
  /** Namespace of the Lease, of the speakers, and of Secrets with passwords. */
  readonly namespace: string;
  /** Name in the Lease, unique per process. */
  readonly identity: string;
  readonly http: Endpoint;
  readonly grpc: Endpoint;
  /** Absent: no TLS, which is allowed on a loopback address only. */
  readonly tls?: { readonly certificateFile: string; readonly keyFile: string };
  /** The one user that speakers are: `system:serviceaccount:<namespace>:<name>`. */
  readonly speakerAccount: string;
  readonly logger: Logger;
  readonly metrics: Metrics;
};

/** The audience that speakers' tokens must be made for: a token for anything else is not taken. */
export const speakerAudience = 'anycast-operator.io';

/** Name of the Lease. */
const leaseName = 'anycast-operator';

/** Starts a replica: each part is stopped by `shutdown`. The error is one line that says what to do. */
export async function startReplica(options: ReplicaOptions, shutdown: Shutdown): Promise<Result<void, string>> {
  const { logger, metrics } = options;
  const config = loadKubeconfig(options.kubeconfig);
  if (!config.ok) return config;
  const connection = new Connection({ config: config.value, clock: realClock, logger });
  shutdown.add('connections to the API server', () => connection.close());
  // Of its own: whatever else is asked, and however long that takes, must not cost the lead.
  const leaseConnection = new Connection({ config: config.value, clock: realClock, logger });
  shutdown.add('the connection for the Lease', () => leaseConnection.close());
  const observe = requestMetrics(metrics);
  const client = new RestClient({ connection, clock: realClock, random: realRandom, observe });
  const surroundings = { client, clock: realClock, random: realRandom, logger };
  const reflect = <T extends KubeObject>(type: ResourceType, project: (value: unknown) => T): Reflector<T> =>
    new Reflector<T>({ ...surroundings, type, project });
  const { namespace } = options;
  const secrets = new Reflector({
    ...surroundings,
    type: secretResource,
    project: projectPasswordSecret,
    namespace,
    fieldSelector: `type=${passwordSecretType}`,
  });
  const events = new EventRecorder({
    client,
    clock: realClock,
    random: realRandom,
    logger,
    controller: 'anycast-operator.io/operator',
    instance: options.identity,
  });
  const operator = new Operator({
    sources: allSources(reflect),
    secrets: { source: secrets, namespace },
    speakerObjects: reflect(speakerType, projectCustomObject),
    client,
    leadership: new LeaseLeadership({
      client: new RestClient({ connection: leaseConnection, clock: realClock, random: realRandom, observe }),
      lease: { namespace, name: leaseName },
      identity: options.identity,
      epochAnnotation,
      clock: realClock,
      random: realRandom,
      logger,
    }),
    clock: realClock,
    logger,
    metrics,
    lookForSuccessor: successorWith(client, namespace),
    recordEvent: (event) => events.record(event),
  });
  const identity = await serverIdentity(options, shutdown);
  if (!identity.ok) return identity;
  const server = new SpeakerServer({
    host: options.grpc.address,
    port: options.grpc.port,
    ...(identity.value !== undefined && { identity: identity.value.identity }),
    reviewer: tokenReviewer(client),
    user: options.speakerAccount,
    audience: speakerAudience,
    onSpeaker: operator.onSpeaker,
    clock: realClock,
    logger,
  });
  const grpcPort = await server.start();
  if (!grpcPort.ok) return grpcPort;
  shutdown.add('the speaker protocol', () => server.stop('this operator is stopping'));
  const http = await HttpServer.listen(options.http, healthRoutes({ notReady: () => operator.notReady(), metrics }));
  if (!http.ok) return http;
  shutdown.add('HTTP', () => http.value.close());
  operator.start();
  shutdown.add('the operator', () => operator.stop());
  logger.info({
    event: 'listening',
    httpPort: http.value.port,
    grpcPort: grpcPort.value,
    apiServer: connection.server,
    identity: options.identity,
  });
  return ok(undefined);
}

function allSources(reflect: <T extends KubeObject>(type: ResourceType, project: (value: unknown) => T) => Reflector<T>): Sources {
  return {
    Service: reflect(resourceTypes.Service, projectService),
    EndpointSlice: reflect(resourceTypes.EndpointSlice, projectEndpointSlice),
    Node: reflect(resourceTypes.Node, projectNode),
    Namespace: reflect(resourceTypes.Namespace, projectNamespace),
    AnycastService: reflect(resourceTypes.AnycastService, projectCustomObject),
    AnycastPool: reflect(resourceTypes.AnycastPool, projectCustomObject),
    AnycastAdvertisement: reflect(resourceTypes.AnycastAdvertisement, projectCustomObject),
    AnycastPeer: reflect(resourceTypes.AnycastPeer, projectCustomObject),
    AnycastConfig: reflect(resourceTypes.AnycastConfig, projectCustomObject),
    AnycastHold: reflect(resourceTypes.AnycastHold, projectCustomObject),
  };
}

async function serverIdentity(options: ReplicaOptions, shutdown: Shutdown): Promise<Result<CertificateFiles | undefined, string>> {
  if (options.tls === undefined) return ok(undefined);
  const onProblem = (problem: string): void => options.logger.warn({ event: 'certificate-refused' }, problem);
  const files = new CertificateFiles({ ...options.tls, clock: realClock, onProblem });
  const started = await files.start();
  if (!started.ok) return err(started.error);
  shutdown.add('certificate files', () => files.stop());
  return ok(files);
}

function requestMetrics(metrics: Metrics) {
  const durations = metrics.latency('anycast_kube_request_duration_seconds', 'Requests to the API server.', ['verb', 'resource', 'code']);
  return ({ verb, plural, status, durationMs }: RequestObservation): void => {
    durations.observe({ verb, resource: plural, code: String(status) }, durationMs / 1000);
  };
}
