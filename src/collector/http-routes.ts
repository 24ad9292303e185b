import type { HttpRoutes } from '#obs/http-server.ts';
import type { Collector } from './collector.ts';

/** `GET /routes`, `GET /sessions`, `GET /events` (server-sent), as `views.ts` describes their JSON. For obs' HTTP server. */
export const collectorRoutes = (collector: Collector): HttpRoutes => ({
  'GET /routes': () => ({ json: collector.routes() }),
  'GET /sessions': () => ({ json: collector.sessions() }),
  'GET /events': () => ({ events: (send) => collector.subscribe(send) }),
});
