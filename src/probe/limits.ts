/** Bounds of the probe room. */
export const limits = {
  /** Time between two questions to one port while a route waits, in milliseconds; doubles up to `intervalMaxMs`. */
  intervalFirstMs: 50,
  intervalMaxMs: 1_000,
  /** How long one question may take, in milliseconds. */
  timeoutMs: 1_000,
  /** Addresses of this node that are tried in turn where the port is not open on the loopback address. */
  addressesAsked: 16,
  /** Questions under way at a time, over all ports. */
  concurrency: 16,
  /** Octets of an answer that are read; kube-proxy's is about 100 long. */
  bodyBytes: 4_096,
} as const;
