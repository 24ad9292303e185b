/** Wall-clock milliseconds as the API server writes times: whole seconds, UTC. */
export const timestamp = (wallMs: number): string => `${new Date(wallMs).toISOString().slice(0, 19)}Z`;

/** The same with microseconds, as Leases and Events want it. */
export const microTime = (wallMs: number): string => `${new Date(wallMs).toISOString().slice(0, 23)}000Z`;
