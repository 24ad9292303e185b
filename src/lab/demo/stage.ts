import { mkdtempSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kinds } from '#api/kinds.ts';
import { LabApiServer } from '../api-server/lab-api-server.ts';
import { asns, fillCluster, nodes } from './cluster.ts';
import { Program } from './program.ts';
import { Router } from './router.ts';

const account = 'system:serviceaccount:anycast-system:anycast-speaker';

/** Everything that the demo runs: an API server in this process, and seven processes as a user would start them. */
export class Stage {
  readonly folder = mkdtempSync(join(tmpdir(), 'anycast-demo-'));
  readonly api = new LabApiServer({
    kinds: Object.values(kinds).map((kind) => ({ ...kind, shortNames: [kind.shortName], hasStatus: true })),
  });
  readonly routers: Router[] = [];
  readonly #programs: Program[] = [];

  get kubeconfig(): string {
    return join(this.folder, 'kubeconfig');
  }

  /** The admin socket of a node's speaker. */
  adminSocket(node: string): string {
    return join(this.folder, node, 'admin.sock');
  }

  /** Starts everything and puts the cluster's objects in. */
  async start(): Promise<void> {
    const [grpc = 0, operatorHttp = 0, ...rest] = await freePorts(2 + 2 * 2 + nodes.length);
    const [bgp1 = 0, bgp2 = 0, http1 = 0, http2 = 0, ...speakerHttp] = rest;
    await this.api.start();
    await this.api.writeKubeconfig(this.kubeconfig);
    fillCluster(this.api, [bgp1, bgp2]);
    this.#startRouter('router-1', bgp1, http1, '127.0.0.101');
    this.#startRouter('router-2', bgp2, http2, '127.0.0.102');
    this.#run('operator', [
      'operator',
      `--kubeconfig=${this.kubeconfig}`,
      '--insecure',
      `--listen-grpc=127.0.0.1:${grpc}`,
      `--listen-http=127.0.0.1:${operatorHttp}`,
    ]);
    for (const [index, node] of nodes.entries()) await this.#startSpeaker(node, grpc, speakerHttp[index] ?? 0);
  }

  /** Programs that ended although nobody asked them to. */
  fallen(): string[] {
    return this.#programs.filter((program) => !program.running).map((program) => `${program.name} (its log: ${program.logFile})`);
  }

  /** Ends everything and removes the folder. */
  async stop(): Promise<void> {
    for (const router of this.routers) router.close();
    await Promise.all(this.#programs.map((program) => program.stop()));
    await this.api.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  #startRouter(name: string, bgpPort: number, httpPort: number, routerId: string): void {
    const args = [`--listen=127.0.0.1:${bgpPort}`, `--http=127.0.0.1:${httpPort}`, `--asn=${asns.routers}`, `--router-id=${routerId}`];
    this.#run(name, ['collector', ...args]);
    this.routers.push(new Router(name, httpPort));
  }

  async #startSpeaker(node: (typeof nodes)[number], grpcPort: number, httpPort: number): Promise<void> {
    const folder = join(this.folder, node.name);
    await mkdir(folder);
    // What the kubelet projects into the speaker's pod; the API server vouches for the node in it.
    const token = `token-of-${node.name}`;
    await writeFile(join(folder, 'token'), token, { mode: 0o600 });
    this.api.tokens.set(token, {
      username: account,
      audiences: ['anycast-operator.io'],
      extra: { 'authentication.kubernetes.io/node-name': [node.name] },
    });
    this.#run(`speaker-${node.name}`, [
      'speaker',
      `--node=${node.name}`,
      `--operator=127.0.0.1:${grpcPort}`,
      '--insecure',
      `--token-file=${join(folder, 'token')}`,
      `--source-address=${node.address}`,
      `--state-dir=${folder}`,
      `--admin=unix:${this.adminSocket(node.name)}`,
      `--listen-http=127.0.0.1:${httpPort}`,
    ]);
  }

  #run(name: string, args: readonly string[]): void {
    this.#programs.push(new Program(name, args, { logFolder: this.folder }));
  }
}

/** Ports that nobody listens on now. All are held until all are found, so that none comes twice. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
          const server = createServer().once('error', reject);
          server.listen(0, '127.0.0.1', () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
