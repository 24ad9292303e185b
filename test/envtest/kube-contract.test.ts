import { afterAll, beforeAll, inject } from 'vitest';
import { clientContract } from '#kube/testing/client-contract.ts';
import { electionContract } from '#kube/testing/election-contract.ts';
import { eventContract } from '#kube/testing/event-contract.ts';
import { reflectedWorld } from '#kube/testing/reflected-world.ts';
import { connect, type ServerUnderTest } from '#kube/testing/server-under-test.ts';
import { sourceContract } from '#kube/testing/source-contract.ts';
import { Scope } from '../support/scope.ts';
import { TestClient } from './client.ts';

// What the API server in memory passes beside the kube room, asked of the real one: neither may drift from the other.

const access = inject('controlPlane');
const scope = new Scope();
const { client, connection } = connect(access.kubeconfig);
scope.onClose('connection', () => connection.close());
const underTest = (namespace: string) => (): ServerUnderTest => ({ client, namespace });

beforeAll(async () => {
  const admin = new TestClient(access);
  scope.onClose('client', () => admin.close());
  for (const name of ['kube-requests', 'kube-sources']) {
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
    await admin.create(namespace);
    scope.onClose(`namespace ${name}`, () => admin.delete(namespace));
  }
});

afterAll(() => scope.close());

clientContract('kube-apiserver', underTest('kube-requests'));
sourceContract('reflector on kube-apiserver', () => reflectedWorld(underTest('kube-sources')()));
electionContract('kube-apiserver', underTest('kube-requests'));
eventContract('kube-apiserver', underTest('kube-requests'));
