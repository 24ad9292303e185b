/**
 * probe — what this node itself finds out about a service, without asking anybody else.
 *
 * The verdict is pure; runners do the asking. Today there is one probe: kube-proxy's health-check port, which says whether
 * the node forwards packets of a Service to endpoints of its own. It is asked only while a route waits to go up.
 * May not happen here: decisions about routes.
 */

/** How one question to a port ended. */
export type ProbeOutcome =
  | { readonly kind: 'answer'; readonly status: number; readonly body: string }
  | {
      readonly kind: 'failure';
      /** What went wrong, short: `ECONNREFUSED`, `no answer within 1000 ms`. */
      readonly detail: string;
    };

/** What an outcome says about the service's packet forwarding on this node. */
export type DataPlaneVerdict = {
  /** Somebody answers on the port: this node has a proxy that serves health-check ports. */
  readonly answered: boolean;
  /** The node forwards to local endpoints. */
  readonly forwards: boolean;
  /** The fact for a person: `200 with 2 local endpoints`. */
  readonly fact: string;
};

/**
 * Reads an answer of kube-proxy's `healthCheckNodePort`: 200 with `{"localEndpoints": n}`, n > 0, once the rules are in place, 503
 * otherwise. A 200 without that number is taken as it is: other proxies answer with an empty body.
 */
export function dataPlaneVerdict(outcome: ProbeOutcome): DataPlaneVerdict {
  if (outcome.kind === 'failure') return { answered: false, forwards: false, fact: outcome.detail };
  const endpoints = localEndpoints(outcome.body);
  const forwards = outcome.status === 200 && endpoints !== 0;
  const count = endpoints === undefined ? '' : ` with ${endpoints} local endpoint${endpoints === 1 ? '' : 's'}`;
  return { answered: true, forwards, fact: `${outcome.status}${count}` };
}

function localEndpoints(body: string): number | undefined {
  try {
    const count = (JSON.parse(body) as { localEndpoints?: unknown } | null)?.localEndpoints;
    return typeof count === 'number' ? count : undefined;
  } catch {
    return undefined;
  }
}
