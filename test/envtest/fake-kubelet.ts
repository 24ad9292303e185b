import type { Addresses } from '../support/netns.ts';
import type { Scope } from '../support/scope.ts';
import { ApiError, type KubeObject, type Reference, type TestClient } from './client.ts';

/** What a node is made of. */
export type FakeNode = {
  readonly name: string;
  /** Its InternalIPs; a family that is left out, it does not have. */
  readonly addresses: Partial<Addresses>;
  /** Labels beside `kubernetes.io/hostname`. */
  readonly labels?: Readonly<Record<string, string>>;
  /** How often it renews its Lease and its status, in milliseconds. Default 10_000, as a kubelet does. */
  readonly heartbeatMs?: number;
  /** For how long it says that it has been Ready when it starts, in milliseconds. Default 0: it has just started. */
  readonly readyForMs?: number;
};

/** A pod to run on the node. */
export type FakePod = {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Its addresses; the first is the primary one. One address makes a single-stack pod. */
  readonly podIps: readonly string[];
  /** Whether it starts ready. Default true. */
  readonly ready?: boolean;
  /** How long its deletion may take, in seconds. Default 30. */
  readonly terminationGracePeriodSeconds?: number;
  /** Service account for tokens that are bound to this pod. Default none. */
  readonly serviceAccountName?: string;
};

type PodState = { readonly pod: FakePod; readonly startTime: string; ready: boolean; readyChanged: string };

/**
 * Does for one Node what a kubelet does towards the API server, and nothing on the machine: registers the Node, renews its
 * Lease, reports its status and that of the pods it was given. A pod that is deleted stays, terminating, until {@link finish}.
 */
export class FakeKubelet {
  readonly node: FakeNode;
  readonly #client: TestClient;
  readonly #pods = new Map<string, PodState>();
  #timer: NodeJS.Timeout | undefined;
  #writes: Promise<unknown> = Promise.resolve();
  readonly #readySince: string;
  /** Why the last heartbeat failed, or undefined when it did not. */
  lastFailure: Error | undefined;

  private constructor(client: TestClient, node: FakeNode) {
    this.#client = client;
    this.node = node;
    this.#readySince = new Date(Date.now() - (node.readyForMs ?? 0)).toISOString();
  }

  /** Registers the Node, Ready when this returns, and starts its heartbeats. They end with the scope and the Node goes: the API server must be there then. */
  static async start(scope: Scope, client: TestClient, node: FakeNode): Promise<FakeKubelet> {
    const kubelet = new FakeKubelet(client, node);
    const labels = { 'kubernetes.io/hostname': node.name, ...node.labels };
    await client.apply({ apiVersion: 'v1', kind: 'Node', metadata: { name: node.name, labels } });
    scope.onClose(`fake node ${node.name}`, () => kubelet.remove());
    await kubelet.#reportNode();
    kubelet.resume();
    return kubelet;
  }

  /** Stops the heartbeats, as when the node is cut off or its kubelet hangs: after 40 to 50 s the node controller says Unknown. */
  async pause(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.#writes;
  }

  /** Starts the heartbeats again, the first one now, and reports Node and pods as they are. Does nothing while they run. */
  resume(): void {
    if (this.#timer) return;
    const beat = () => void this.#inOrder(() => this.#report());
    this.#timer = setInterval(beat, this.node.heartbeatMs ?? 10_000);
    beat();
  }

  /** Ends the heartbeats and removes Node, Lease and pods. */
  async remove(): Promise<void> {
    await this.pause();
    for (const { pod } of this.#pods.values()) await this.#client.delete(podReference(pod), { gracePeriodSeconds: 0 });
    this.#pods.clear();
    await this.#client.delete(this.#leaseReference());
    await this.#client.delete(this.#nodeReference());
  }

  /** Creates a pod that is bound to this node, and reports it Running. */
  async run(pod: FakePod): Promise<KubeObject> {
    const spec = {
      nodeName: this.node.name,
      containers: [{ name: 'main', image: 'example.org/fake' }],
      terminationGracePeriodSeconds: pod.terminationGracePeriodSeconds ?? 30,
      ...(pod.serviceAccountName === undefined ? {} : { serviceAccountName: pod.serviceAccountName }),
    };
    const created = await this.#client.create({
      ...podReference(pod),
      metadata: { ...podReference(pod).metadata, labels: pod.labels },
      spec,
    });
    await this.adopt(pod);
    return created;
  }

  /** Takes over a pod that exists, binds it to this node if it waits for a scheduler, and reports it Running. */
  async adopt(pod: FakePod): Promise<void> {
    const { spec } = await this.#client.get<Reference & { readonly spec: { readonly nodeName?: string } }>(podReference(pod));
    if (spec.nodeName === undefined) {
      const target = { apiVersion: 'v1', kind: 'Node', name: this.node.name };
      const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name: pod.name }, target };
      await this.#client.request('POST', `/api/v1/namespaces/${pod.namespace}/pods/${pod.name}/binding`, binding);
    }
    const now = new Date().toISOString();
    const state = { pod, startTime: now, ready: pod.ready ?? true, readyChanged: now };
    this.#pods.set(podKey(pod), state);
    await this.#inOrder(() => this.#reportPod(state));
  }

  /** Reports a pod of this node ready or not ready; returns when the API server has accepted it. */
  async setReady(pod: Pick<FakePod, 'namespace' | 'name'>, ready: boolean): Promise<void> {
    const state = this.#pods.get(podKey(pod));
    if (!state) throw new Error(`node ${this.node.name} runs no pod ${podKey(pod)}`);
    if (state.ready !== ready) state.readyChanged = new Date().toISOString();
    state.ready = ready;
    await this.#inOrder(() => this.#reportPod(state));
  }

  /** Says that a pod has ended: a deleted one disappears, one that was not deleted is removed at once. */
  async finish(pod: Pick<FakePod, 'namespace' | 'name'>): Promise<void> {
    this.#pods.delete(podKey(pod));
    await this.#client.delete(podReference(pod), { gracePeriodSeconds: 0 });
  }

  /** Runs one write after another: a heartbeat on its way must not arrive after the change that follows it. */
  #inOrder<T>(write: () => Promise<T>): Promise<T> {
    const written = this.#writes.then(write);
    this.#writes = written.catch(() => undefined);
    return written;
  }

  /** One heartbeat. The API server may be away, that is what tests are about: the next one tries again. */
  async #report(): Promise<void> {
    try {
      await this.#reportNode();
      // A kubelet puts right what others wrote into the status of its pods, as the node controller does. No change is no event.
      for (const [key, state] of this.#pods) {
        await this.#reportPod(state).catch((error) => {
          if (!(error instanceof ApiError && error.status === 404)) throw error;
          this.#pods.delete(key);
        });
      }
      this.lastFailure = undefined;
    } catch (error) {
      this.lastFailure = error as Error;
    }
  }

  async #reportNode(): Promise<void> {
    const renewTime = new Date().toISOString().replace('Z', '000Z');
    const spec = { holderIdentity: this.node.name, leaseDurationSeconds: 40, renewTime };
    await this.#client.apply({ ...this.#leaseReference(), spec });

    const [lastHeartbeatTime, lastTransitionTime] = [new Date().toISOString(), this.#readySince];
    const condition = (type: string, status: string, reason: string) => ({
      type,
      status,
      reason,
      message: '',
      lastHeartbeatTime,
      lastTransitionTime,
    });
    const conditions = [
      condition('MemoryPressure', 'False', 'KubeletHasSufficientMemory'),
      condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure'),
      condition('PIDPressure', 'False', 'KubeletHasSufficientPID'),
      condition('Ready', 'True', 'KubeletReady'),
    ];
    const internal = [this.node.addresses.ipv4, this.node.addresses.ipv6].filter((address) => address !== undefined);
    const addresses = [...internal.map((address) => ({ type: 'InternalIP', address })), { type: 'Hostname', address: this.node.name }];
    const resources = { cpu: '8', memory: '32Gi', pods: '110' };
    await this.#client.patch(
      this.#nodeReference(),
      { status: { addresses, conditions, capacity: resources, allocatable: resources } },
      'status',
    );
  }

  async #reportPod({ pod, ready, readyChanged, startTime }: PodState): Promise<void> {
    const condition = (type: string, status: boolean, lastTransitionTime: string) => ({
      type,
      status: status ? 'True' : 'False',
      lastTransitionTime,
    });
    const status = {
      phase: 'Running',
      hostIP: this.node.addresses.ipv4 ?? this.node.addresses.ipv6,
      podIP: pod.podIps[0],
      podIPs: pod.podIps.map((ip) => ({ ip })),
      startTime,
      conditions: [
        condition('PodScheduled', true, startTime),
        condition('Initialized', true, startTime),
        condition('ContainersReady', ready, readyChanged),
        condition('Ready', ready, readyChanged),
      ],
    };
    await this.#client.patch(podReference(pod), { status }, 'status');
  }

  #nodeReference(): Reference {
    return { apiVersion: 'v1', kind: 'Node', metadata: { name: this.node.name } };
  }

  #leaseReference(): Reference {
    return { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: this.node.name, namespace: 'kube-node-lease' } };
  }
}

function podKey({ namespace, name }: Pick<FakePod, 'namespace' | 'name'>): string {
  return `${namespace}/${name}`;
}

function podReference({ namespace, name }: Pick<FakePod, 'namespace' | 'name'>): Reference {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace } };
}
