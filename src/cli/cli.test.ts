import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { lockInFolder } from '#linux/folder-lock.ts';
import { unwrap } from '#runtime/result.ts';
import { createProgram } from './program.ts';

type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

/** Runs `anycast <args>` until it ends; it is killed when it does not. */
function anycast(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), ...args], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    timeout: 20_000,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })));
}

const lines = (text: string): number => text.trim().split('\n').length;

const folders: string[] = [];
afterAll(() => {
  for (const path of folders) rmSync(path, { recursive: true, force: true });
});

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'anycast-cli-'));
  folders.push(path);
  return path;
}

function file(name: string, text: string): string {
  const path = join(folder(), name);
  writeFileSync(path, text);
  return path;
}

describe('the command line', () => {
  it('prints its version, and its help with defaults, units and environment', async () => {
    expect((await anycast(['version'])).stdout).toMatch(/^anycast \d+\.\d+\.\d+ \(Node \d+/);
    const help = await anycast(['speaker', '--help']);
    expect(help.code).toBe(0);
    expect(help.stdout).toContain('env:');
    expect(help.stdout).toContain('ANYCAST_STATE_DIR');
  });

  it('prints the custom resource definitions as one stream that kubectl takes', async () => {
    const { stdout, code } = await anycast(['crds']);
    expect(code).toBe(0);
    expect(stdout.match(/^---$/gm)).toHaveLength(7);
    expect(stdout.match(/^kind: CustomResourceDefinition$/gm)).toHaveLength(7);
  });

  it('ends quietly when whoever reads its output has read enough', async () => {
    const child = spawn('/bin/sh', ['-c', '"$0" "$1" crds | head -n 1', process.execPath, join(import.meta.dirname, 'main.ts')]);
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    await new Promise((resolve) => child.once('close', resolve));
    expect(stderr).toBe('');
  });

  it('has a twin in the environment for every flag', () => {
    for (const command of createProgram({}).commands) {
      for (const option of command.options)
        expect(option.envVar, `${command.name()} ${option.flags}`).toMatch(/^(ANYCAST_[A-Z_]+|KUBECONFIG)$/);
    }
  });
});

describe('wrong usage ends with code 2 and one line that says what to do', () => {
  const cases: readonly [string, readonly string[], RegExp][] = [
    ['an unknown command', ['announce'], /unknown command 'announce'/],
    ['an unknown flag', ['speaker', '--nod', 'x'], /unknown option '--nod'/],
    [
      'an endpoint that is none',
      ['collector', '--asn', '1', '--router-id', '127.0.0.1', '--listen', 'here'],
      /"here" is not HOST:PORT; write 127\.0\.0\.1:9441/,
    ],
    ['a port that is none', ['operator', '--listen-http', '127.0.0.1:99999'], /port 99999 is not from 0 to 65535/],
    ['a name where an address belongs', ['operator', '--listen-http', 'localhost:1'], /"localhost" is not an IP address/],
    ['a number out of range', ['collector', '--asn', '0', '--router-id', '127.0.0.1'], /"0" is not a whole number from 1 to 4294967294/],
    ['a flag that is missing', ['collector', '--asn', '1'], /required option '--router-id <address>' not specified/],
    [
      'a peer AS that is none',
      ['collector', '--asn', '1', '--router-id', '127.0.0.1', '--peer-asn', 'some'],
      /--peer-asn "some" is neither an AS number nor "any"/,
    ],
    [
      'a peer AS that no AS has',
      ['collector', '--asn', '1', '--router-id', '127.0.0.1', '--peer-asn', '-5'],
      /--peer-asn "-5" is neither an AS number nor "any"/,
    ],
    [
      'an empty peer AS',
      ['collector', '--asn', '1', '--router-id', '127.0.0.1', '--peer-asn', ''],
      /--peer-asn "" is neither an AS number nor "any"/,
    ],
    [
      'a speaker without TLS',
      ['speaker', '--operator', '127.0.0.1:1', '--listen-http', '127.0.0.1:0', '--state-dir', folder()],
      /give --tls-ca, or --insecure with operators on loopback addresses/,
    ],
    [
      'a speaker without TLS towards another machine',
      ['speaker', '--operator', '192.0.2.1:1', '--insecure', '--listen-http', '127.0.0.1:0', '--state-dir', folder()],
      /give --tls-ca, or --insecure with operators on loopback addresses/,
    ],
    [
      'an operator at a port that is none',
      ['speaker', '--operator', '127.0.0.1:0', '--insecure', '--listen-http', '127.0.0.1:0', '--state-dir', folder()],
      /operator address "127\.0\.0\.1:0" is not host:port/,
    ],
    ['an operator without TLS', ['operator'], /give --tls-cert and --tls-key, or --insecure with a loopback --listen-grpc/],
    ['a speaker that nobody tells anything', ['speaker'], /give --operator HOST:PORT or --config FILE/],
    ['a speaker that two tell', ['speaker', '--operator', '127.0.0.1:1', '--config', 'x'], /cannot be used with/],
    ['an admin socket that is no path', ['speaker', '--config', 'x', '--admin', 'tcp:1'], /"tcp:1" is not unix:PATH/],
    ['a configuration file that is not there', ['speaker', '--config', '/nowhere.yaml'], /\/nowhere\.yaml/],
    [
      'a kubeconfig that is not there',
      ['operator', '--kubeconfig', '/nowhere', '--insecure', '--listen-grpc', '127.0.0.1:0'],
      /kubeconfig \/nowhere does not exist; name a readable kubeconfig with --kubeconfig/,
    ],
  ];
  it.each(cases)('%s', async (_, args, message) => {
    const { code, stderr } = await anycast(args);
    expect({ code, lines: lines(stderr) }).toEqual({ code: 2, lines: 1 });
    expect(stderr).toMatch(message);
  });

  it('a speaker file that is not YAML, naming file and line', async () => {
    const path = file('speaker.yaml', 'node: a\npeers: [\n');
    const { code, stderr } = await anycast(['speaker', '--config', path, '--listen-http', '127.0.0.1:0']);
    expect({ code, lines: lines(stderr) }).toEqual({ code: 2, lines: 1 });
    expect(stderr).toContain(path);
  });

  it('a speaker file with a field that does not exist, naming it', async () => {
    const path = file(
      'speaker.yaml',
      'node: a\nasn: 64512\nrouterId: 127.0.0.1\npeers: [{ address: 127.0.0.1, peerASN: 64500 }]\nroute: []\n',
    );
    const { code, stderr } = await anycast(['speaker', '--config', path, '--listen-http', '127.0.0.1:0']);
    expect({ code, lines: lines(stderr) }).toEqual({ code: 2, lines: 1 });
    expect(stderr).toMatch(/route\b/);
  });

  it('a peer without an AS number, naming the field', async () => {
    const path = file('speaker.yaml', 'node: a\nasn: 64512\nrouterId: 127.0.0.1\npeers: [{ address: 127.0.0.1 }]\n');
    const { code, stderr } = await anycast(['speaker', '--config', path, '--listen-http', '127.0.0.1:0']);
    expect({ code, stderr }).toEqual({ code: 2, stderr: `anycast: ${path}: peers[0].peerASN is missing: add it\n` });
  });

  it('a state folder that another speaker has, naming the lock', async () => {
    const path = file('speaker.yaml', 'node: a\nasn: 64512\nrouterId: 127.0.0.1\npeers: [{ address: 127.0.0.1, peerASN: 64500 }]\n');
    const state = folder();
    const lock = unwrap(lockInFolder(state, 'a'));
    const { code, stderr } = await anycast(['speaker', '--config', path, '--listen-http', '127.0.0.1:0', '--state-dir', state]);
    lock.release();
    expect({ code, lines: lines(stderr) }).toEqual({ code: 2, lines: 1 });
    expect(stderr).toContain(`another process has ${join(state, 'a.lock')}`);
  });

  it('a port in use, naming it', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as { port: number };
    const { code, stderr } = await anycast([
      'collector',
      '--asn=1',
      '--router-id=127.0.0.1',
      '--listen=127.0.0.1:0',
      `--http=127.0.0.1:${port}`,
    ]);
    taken.close();
    expect({ code, lines: lines(stderr) }).toEqual({ code: 2, lines: 1 });
    expect(stderr).toContain(`cannot listen on 127.0.0.1:${port}: it is in use`);
  });
});
