import type { HttpRoutes } from './http-server.ts';
import { type Metrics, metricsContentType } from './metrics.ts';

/** What a process says about itself. */
export type HealthSource = {
  /** Whether it does its job now: what is missing, or undefined when nothing is. */
  readonly notReady: () => string | undefined;
  readonly metrics: Metrics;
};

/**
 * `/livez`, `/readyz`, `/metrics` (Kubernetes' names). Alive means that the event loop turns, which answering shows; a process
 * that waits for others is alive, so that nobody restarts what would only wait again.
 */
export function healthRoutes(source: HealthSource): HttpRoutes {
  return {
    'GET /livez': () => ({ text: 'ok\n' }),
    'GET /readyz': () => {
      const missing = source.notReady();
      return missing === undefined ? { text: 'ok\n' } : { text: `${missing}\n`, status: 503 };
    },
    'GET /metrics': async () => ({ text: await source.metrics.expose(), contentType: metricsContentType }),
  };
}
