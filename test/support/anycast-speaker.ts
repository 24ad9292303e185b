import { writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import type { Namespace } from './netns.ts';
import type { RunningProcess } from './processes.ts';
import type { Scope } from './scope.ts';
import { tempFolder } from './temp-folder.ts';

/** What a speaker's file says, as its reference in docs/guides/standalone.md has it. JSON is YAML. */
export type SpeakerFile = {
  readonly asn: number;
  readonly routerId: string;
  readonly peers: readonly Readonly<Record<string, unknown>>[];
  readonly routes?: readonly { readonly prefix: string; readonly attributes?: Readonly<Record<string, unknown>> }[];
  /** Prefixes announced without attributes. */
  readonly many?: readonly string[];
  /** Files beside it, by name. */
  readonly files?: Readonly<Record<string, string>>;
};

/** A session as the admin socket shows it; the fields that tests read. */
export type SpeakerSession = {
  readonly peer: string;
  readonly state: string;
  readonly families: readonly string[];
  readonly localAddress: string;
  readonly announcedPrefixes: number;
  readonly lastError: string;
};

/** `anycast speaker --config FILE`, as a process of its own. */
export type AnycastSpeaker = {
  readonly process: RunningProcess;
  /** Writes the file anew and has it read (SIGHUP); returns when the speaker follows it. */
  configure(file: SpeakerFile): Promise<void>;
  /** What its admin socket answers to `GET /sessions`, by the name of the peer. */
  sessions(): Promise<Readonly<Record<string, SpeakerSession>>>;
  /** Any other answer of the admin socket. */
  admin<T>(method: 'GET' | 'POST', path: string, body?: object): Promise<T>;
};

/** Starts a speaker in a namespace; it ends with the scope. `flags` beside those for file, state and sockets. */
export async function startSpeaker(
  scope: Scope,
  namespace: Namespace,
  file: SpeakerFile,
  { flags = [], stateDir }: { readonly flags?: readonly string[]; readonly stateDir?: string } = {},
): Promise<AnycastSpeaker> {
  const folder = tempFolder(scope, 'speaker');
  const [config, socketPath, routesFile] = ['speaker.yaml', 'admin.sock', 'routes'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const write = ({ many = [], files = {}, ...rest }: SpeakerFile) => {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o600 });
    writeFileSync(routesFile, many.join('\n'));
    writeFileSync(config, JSON.stringify({ ...rest, routesFile }));
  };
  write(file);
  const main = join(import.meta.dirname, '../../src/cli/main.ts');
  const own = ['--config', config, '--state-dir', stateDir ?? join(folder, 'state'), '--admin', `unix:${socketPath}`];
  const argv = [process.execPath, main, 'speaker', ...own, '--listen-http', '127.0.0.1:9442', ...flags] as const;
  const speaker = namespace.start(scope, `speaker in ${namespace.name}`, [...argv]);
  let reloads = 0;
  let refusal = '';
  speaker.onLine((line) => {
    if (!/"event":"reload(ed|-refused)"/.test(line)) return;
    refusal = line.includes('refused') ? line : '';
    reloads++;
  });
  const admin = <T>(method: 'GET' | 'POST', path: string, body?: object) => ask<T>(socketPath, method, path, body);
  const sessions = async () => {
    const all = await admin<readonly SpeakerSession[]>('GET', '/sessions');
    return Object.fromEntries(all.map((session) => [session.peer, session]));
  };
  await eventually(
    `${speaker.name} answers at its admin socket`,
    async () => {
      speaker.mustRun();
      return Object.keys(await sessions()).length === file.peers.length;
    },
    Boolean,
    { withinMs: 60_000 },
  );
  return {
    process: speaker,
    configure: async (next) => {
      const before = reloads;
      write(next);
      speaker.signal('SIGHUP');
      await eventually(`${speaker.name} reads its file`, () => reloads > before, Boolean, { withinMs: 40_000, everyMs: 5 });
      if (refusal !== '') throw new Error(`${speaker.name}: ${refusal}`);
    },
    sessions,
    admin,
  };
}

function ask<T>(socketPath: string, method: string, path: string, body: object | undefined): Promise<T> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, method, path, timeout: 5_000 }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      answer.on('end', () => {
        if (answer.statusCode === 200) resolve(JSON.parse(text));
        else reject(new Error(`${method} ${path}: ${answer.statusCode} ${text}`));
      });
    });
    asked.on('timeout', () => asked.destroy(new Error(`${method} ${path}: no answer in 5 s`)));
    asked.on('error', reject).end(body === undefined ? undefined : JSON.stringify(body));
  });
}
