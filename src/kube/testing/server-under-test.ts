import { silentLogger } from '#obs/logger.ts';
import { realClock } from '#runtime/clock.ts';
import { realRandom } from '#runtime/random.ts';
import { unwrap } from '#runtime/result.ts';
import { Connection } from '../connection.ts';
import { loadKubeconfig } from '../kubeconfig.ts';
import { type RequestObservation, RestClient } from '../rest-client.ts';

/** An API server, in memory or real, and a namespace in it that is the test's own. */
export type ServerUnderTest = { readonly client: RestClient; readonly namespace: string };

/** A client as the operator makes it. */
export function connect(
  kubeconfig: string,
  observe?: (observation: RequestObservation) => void,
): { client: RestClient; connection: Connection } {
  const connection = new Connection({ config: unwrap(loadKubeconfig(kubeconfig)), clock: realClock, logger: silentLogger });
  const client = new RestClient({ connection, clock: realClock, random: realRandom, ...(observe && { observe }) });
  return { client, connection };
}
