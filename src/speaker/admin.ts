import { z } from 'zod';
import { formatPrefix, parsePrefix } from '#net/prefix.ts';
import type { HttpAnswer, HttpHandler, HttpRoutes } from '#obs/http-server.ts';
import { reasons } from '#state/reasons.ts';
import type { RouteTruth, SessionTruth } from '#state/truth.ts';
import { limits } from './limits.ts';

/** A route as the admin socket shows it. */
export type RouteView = {
  readonly prefix: string;
  /** `namespace/name` of the Service; empty where a file says it, or where this node is no longer told to announce it. */
  readonly service: string;
  /** Whether this node is told to announce it. */
  readonly ordered: boolean;
  /** Whether it shall be announced now: ordered, and nothing here holds it back. */
  readonly wanted: boolean;
} & RouteTruth;

/** What the admin socket looks at and acts on. */
export type AdminTarget = {
  routes(): readonly RouteView[];
  sessions(): readonly SessionTruth[];
  /** Withdraws prefixes here, or lets them go up again. Answers what could not be done, a sentence; undefined when all was. */
  withdraw(prefixes: readonly string[], withdrawn: boolean): Promise<string | undefined>;
  /** Withdraws everything here and keeps it so over restarts, or ends that. */
  isolate(isolated: boolean): Promise<string | undefined>;
};

// One step for the whole list: a transform for each of thousands takes longer than all that follows.
const prefixesSchema = z.strictObject({
  prefixes: z
    .array(z.string())
    .min(1)
    .max(limits.adminPrefixes)
    .transform((texts, context) => {
      const canonical: string[] = [];
      for (const [index, text] of texts.entries()) {
        const prefix = parsePrefix(text);
        if (!prefix.ok) {
          context.issues.push({ code: 'custom', message: prefix.error, input: text, path: [index] });
          return z.NEVER;
        }
        // There is one way to write a prefix of IPv4.
        canonical.push(prefix.value.family === 'IPv4' ? text : formatPrefix(prefix.value));
      }
      return canonical;
    }),
});

/**
 * The local HTTP/JSON of a speaker, for its unix socket: whoever may open the socket may do all of it. `GET /routes`,
 * `GET /sessions`, `POST /withdraw {prefixes}`, `POST /announce {prefixes}`, `POST /isolate`, `POST /unisolate`.
 */
export function adminRoutes(target: AdminTarget): HttpRoutes {
  return {
    'GET /routes': () => ({ json: target.routes().map(explained) }),
    'GET /sessions': () => ({ json: target.sessions() }),
    'POST /withdraw': onPrefixes((prefixes) => target.withdraw(prefixes, true)),
    'POST /announce': onPrefixes((prefixes) => target.withdraw(prefixes, false)),
    'POST /isolate': async () => done(await target.isolate(true), { isolated: true }),
    'POST /unisolate': async () => done(await target.isolate(false), { isolated: false }),
  };
}

const onPrefixes =
  (act: (prefixes: readonly string[]) => Promise<string | undefined>): HttpHandler =>
  async ({ json }) => {
    const body = prefixesSchema.safeParse(json);
    if (body.success) return done(await act(body.data.prefixes), { prefixes: body.data.prefixes });
    const [issue] = body.error.issues;
    const where = issue?.path.join('.') ?? '';
    const error = `${where === '' ? 'body' : where}: ${issue?.message}; send {"prefixes": ["192.0.2.53/32"]}`;
    return { status: 400, json: { error } };
  };

const done = (warning: string | undefined, result: object): HttpAnswer => ({
  json: warning === undefined ? result : { ...result, warning },
});

/** Reasons with their sentence, so that nobody has to look them up. */
const explained = (view: RouteView): object => ({
  ...view,
  peers: view.peers.map((peer) => ({ ...peer, says: reasons[peer.reason].says })),
});
