import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { LabApiServer } from '#lab/api-server/lab-api-server.ts';
import { clientContract } from './testing/client-contract.ts';
import { electionContract } from './testing/election-contract.ts';
import { eventContract } from './testing/event-contract.ts';
import { reflectedWorld } from './testing/reflected-world.ts';
import { connect, type ServerUnderTest } from './testing/server-under-test.ts';
import { sourceContract } from './testing/source-contract.ts';

const server = new LabApiServer();
const folder = mkdtempSync(join(tmpdir(), 'anycast-kube-contract-'));
let connected: ReturnType<typeof connect>;

beforeAll(async () => {
  await server.start();
  await server.writeKubeconfig(join(folder, 'kubeconfig'));
  for (const name of ['requests', 'sources']) server.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  connected = connect(join(folder, 'kubeconfig'));
});

afterAll(async () => {
  await connected.connection.close();
  await server.stop();
  rmSync(folder, { recursive: true });
});

const underTest = (namespace: string) => (): ServerUnderTest => ({ client: connected.client, namespace });

clientContract('the API server in memory', underTest('requests'));
sourceContract('reflector on the API server in memory', () => reflectedWorld(underTest('sources')()));
electionContract('the API server in memory', underTest('requests'));
eventContract('the API server in memory', underTest('requests'));
