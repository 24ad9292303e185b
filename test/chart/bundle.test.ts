import { cpSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kinds } from '#api/kinds.ts';
import { LabApiServer } from '#lab/api-server/lab-api-server.ts';
import { makeCertificate } from '#rpc/testing/certificates.ts';
import { eventually } from '../support/eventually.ts';
import { run, startProcess } from '../support/processes.ts';
import { Scope } from '../support/scope.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { root } from './programs.ts';

type Instruction = { readonly name: string; readonly words: readonly string[]; readonly text: string };

/** The instructions of the Dockerfile, in order. */
const instructions: readonly Instruction[] = readFileSync(join(root, 'Dockerfile'), 'utf8')
  .replaceAll('\\\n', ' ')
  .split('\n')
  .filter((line) => /^[A-Z]/.test(line))
  .map((line) => {
    const [name = '', ...words] = line.split(/\s+/);
    return { name, words, text: words.join(' ') };
  });

const only = (name: string): string => instructions.findLast((instruction) => instruction.name === name)?.text ?? '';

/** What the build stage takes from the checkout: sources, then where they go. */
const intoBuild = instructions.filter(({ name, words }) => name === 'COPY' && !words[0]?.startsWith('--')).map(({ words }) => words);
/** What the last stage takes from the build, then where that goes. */
const intoImage = instructions.find(({ words }) => words[0] === '--from=build')?.words.slice(1) ?? [];

const scope = new Scope();
afterAll(() => scope.close());

/** The image's /app, away from the checkout: nothing of that can be found by accident. */
let app: string;
/** What the image starts. */
let command: [string, ...string[]];

/** Does what COPY does: a folder stands for what is in it. */
function copy(from: string, to: string): void {
  cpSync(from, statSync(from).isDirectory() ? to : join(to, basename(from)), {
    recursive: true,
    filter: (path) => !path.endsWith('.test.ts'),
  });
}

beforeAll(async () => {
  const folder = tempFolder(scope, 'image');
  const build = join(folder, 'build');
  for (const words of intoBuild) for (const source of words.slice(0, -1)) copy(join(root, source), join(build, words.at(-1) ?? ''));
  // In place of npm install.
  symlinkSync(join(root, 'node_modules'), join(build, 'node_modules'));
  await run(['env', '-C', build, process.execPath, 'tools/bundle.ts'], { withinMs: 120_000 });

  app = join(folder, 'app');
  for (const source of intoImage.slice(0, -1)) copy(source.replace(/^\/build/, build), app);
  const [, ...args] = (JSON.parse(only('ENTRYPOINT')) as string[]).map((word) => word.replace(/^\/app\//, `${app}/`));
  command = [process.execPath, ...args];
});

describe('the Dockerfile', () => {
  it('copies what .dockerignore lets through, and runs what the tests run', () => {
    const ignore = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n');
    const allowed = ignore.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
    expect(allowed.sort()).toEqual(intoBuild.flatMap((words) => words.slice(0, -1)).sort());
    expect(only('RUN')).toBe('node tools/bundle.ts');
  });

  it('ends in an image without a shell, as an ordinary user, with the Node that the program wants', () => {
    const wanted = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).engines.node.replace('>=', '');
    const bases = instructions.filter(({ name }) => name === 'FROM').map(({ words }) => words[0]);
    expect(bases).toEqual([`node:${wanted}-trixie-slim`, `gcr.io/distroless/nodejs${wanted}-debian13:nonroot`]);
    expect(instructions.some(({ name }) => name === 'USER')).toBe(false);
  });
});

describe('the bundle', () => {
  it('requires what Node has built in: an import of node:http would load a second HTTP client into each process', () => {
    const programs = readdirSync(app).filter((file) => file.endsWith('.mjs'));
    const imported = programs.flatMap((file) => readFileSync(join(app, file), 'utf8').match(/(?<=\bfrom ?")(?:node:)?https?(?=")/g) ?? []);
    expect(programs).toContain('anycast.mjs');
    expect(imported).toEqual([]);
  });

  it('has the program, the licence, the definitions and the native package, and no source of ours', () => {
    const files = readdirSync(app, { recursive: true, encoding: 'utf8' });
    expect(files).toEqual(expect.arrayContaining(['anycast.mjs', 'LICENSE', 'node_modules/koffi/package.json']));
    expect(files.filter((file) => /\.ts$/.test(file) && !file.startsWith('node_modules/'))).toEqual([]);
  });

  it('prints its version', async () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    expect(await run([...command, 'version'])).toBe(`anycast ${version} (Node ${process.versions.node})\n`);
  });

  it('prints the definitions that are in the repository', async () => {
    const files = readdirSync(join(root, 'crds')).sort();
    const expected = files.map((file) => `---\n${readFileSync(join(root, 'crds', file), 'utf8')}`).join('');
    expect(await run([...command, 'crds'])).toBe(expected);
  });

  it('finds its native package beside it', async () => {
    const program = `process.stdout.write(String(require('koffi').sizeof('int')))`;
    expect(await run(['env', '-C', app, process.execPath, '-e', program])).toBe('4');
  });

  it('says in one line what is wrong with its use', async () => {
    await expect(run([...command, 'operator'])).rejects.toThrow('--tls-cert');
  });

  it('observes and leads a cluster over TLS with what it has of the clients of Kubernetes and HTTP, and has no more of them', async () => {
    const { certificate, privateKey } = makeCertificate('localhost,IP:127.0.0.1');
    const api = new LabApiServer({
      kinds: Object.values(kinds).map((kind) => ({ ...kind, shortNames: [kind.shortName], hasStatus: true })),
      tls: { cert: certificate, key: privateKey, ca: certificate },
    });
    api.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'anycast-system' } });
    await api.start();
    scope.onClose('the API server', () => api.stop());
    const kubeconfig = join(tempFolder(scope, 'operator'), 'kubeconfig');
    await api.writeKubeconfig(kubeconfig);
    const listen = ['--insecure', '--listen-grpc', '127.0.0.1:0', '--listen-http', '127.0.0.1:0'];
    const operator = startProcess(scope, 'operator', { argv: [...command, 'operator', '--kubeconfig', kubeconfig, ...listen] });
    await operator.waitForOutput(/"event":"observing"/);
    await operator.waitForOutput(/"event":"leading"/);
    await operator.stop();
    expect(operator.ended()).toBe(0);
    const text = readdirSync(app).map((file) => (file.endsWith('.mjs') ? readFileSync(join(app, file), 'utf8') : ''));
    expect(text.join('').match(/class (?:MockAgent|WebSocket|V1PodSpec)\b/g)).toBeNull();
  });

  it('announces from a file, and the collector hears it', async () => {
    const folder = tempFolder(scope, 'bundle');
    const listen = ['--listen', '127.0.0.1:0', '--http', '127.0.0.1:0'];
    const collector = startProcess(scope, 'collector', {
      argv: [...command, 'collector', ...listen, '--asn', '64500', '--router-id', '192.0.2.1'],
    });
    const [, bgpPort, httpPort] = await collector.waitForOutput(/"listening".*"port":(\d+).*"httpPort":(\d+)/);
    const config = join(folder, 'speaker.yaml');
    const peer = { name: 'collector', address: '127.0.0.1', port: Number(bgpPort), peerASN: 64500 };
    writeFileSync(
      config,
      JSON.stringify({ node: 'n1', asn: 64501, routerId: '192.0.2.2', peers: [peer], routes: [{ prefix: '192.0.2.53/32' }] }),
    );
    const speaker = startProcess(scope, 'speaker', {
      // As root without capabilities, as the chart starts it.
      argv: [
        'setpriv',
        '--no-new-privs',
        '--inh-caps=-all',
        '--bounding-set=-all',
        ...command,
        'speaker',
        '--config',
        config,
        '--listen-http',
        '127.0.0.1:0',
        '--state-dir',
        join(folder, 'state'),
      ],
    });
    const routes = await eventually(
      'the collector has the route',
      async () => {
        speaker.mustRun();
        return (await fetch(`http://127.0.0.1:${httpPort}/routes`)).json() as Promise<{ prefix: string }[]>;
      },
      (found) => found.length > 0,
    );
    expect(routes.map(({ prefix }) => prefix)).toEqual(['192.0.2.53/32']);
    await speaker.stop();
    expect(speaker.ended()).toBe(0);
  });
});
