import { createHash } from 'node:crypto';
import type { RequestOptions } from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import { Agent, type Dispatcher, ProxyAgent } from 'undici';
import { describeError, type Logger } from '#obs/logger.ts';
import type { Clock } from '#runtime/clock.ts';
import { limits } from './limits.ts';

/** How a request is sent now: over which connections, as whom. */
export type Credentials = { readonly dispatcher: Dispatcher; readonly headers: Readonly<Record<string, string>> };

/** What the certificates and names of a TLS connection are made of. */
type TlsMaterial = Pick<RequestOptions, 'ca' | 'cert' | 'key' | 'pfx' | 'passphrase' | 'servername' | 'rejectUnauthorized'>;

/**
 * One pool of connections to the API server. client-node reads credentials (files, exec plugins, OIDC), but would open a new
 * pool per request (measured: 50 requests, 50 TLS handshakes); here the pool lives until certificates change.
 */
export class Connection {
  /** `https://host:port`, with a path where the API server is behind one; no slash at the end. */
  readonly server: string;
  readonly #config: KubeConfig;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #current: (Credentials & { readonly fingerprint: string; readonly readMs: number }) | undefined;
  #reading: Promise<Credentials> | undefined;

  constructor(options: { readonly config: KubeConfig; readonly clock: Clock; readonly logger: Logger }) {
    this.server = (options.config.getCurrentCluster()?.server ?? '').replace(/\/$/, '');
    this.#config = options.config;
    this.#clock = options.clock;
    this.#logger = options.logger;
  }

  /**
   * Credentials as the files say, read again every 10 s. Files that can't be read just then, as in the middle of a rotation,
   * leave the last good ones in force; without any, it rejects.
   */
  credentials(): Credentials | Promise<Credentials> {
    const current = this.#current;
    if (current !== undefined && this.#clock.nowMs() - current.readMs < limits.credentialsMs) return current;
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  /** Ends all connections, open watches included. */
  async close(): Promise<void> {
    await this.#current?.dispatcher.destroy();
    this.#current = undefined;
  }

  async #read(): Promise<Credentials> {
    const before = this.#current;
    try {
      const options: RequestOptions = {};
      await this.#config.applyToHTTPSOptions(options);
      const material = tlsMaterial(options);
      const fingerprint = createHash('sha256').update(JSON.stringify(material)).digest('hex');
      const dispatcher = before?.fingerprint === fingerprint ? before.dispatcher : this.#pool(material);
      this.#current = { dispatcher, headers: authorization(options), fingerprint, readMs: this.#clock.nowMs() };
      // Requests in flight end on the old connections; nothing new goes there.
      if (before !== undefined && before.dispatcher !== dispatcher) void before.dispatcher.close();
      return this.#current;
    } catch (error) {
      if (before === undefined) throw error;
      this.#logger.warn(
        { event: 'kube-credentials-kept', error: describeError(error) },
        'reading credentials failed; the last good ones stay',
      );
      this.#current = { ...before, readMs: this.#clock.nowMs() };
      return this.#current;
    }
  }

  #pool(material: TlsMaterial): Dispatcher {
    // Keep-alive probes after 30 s: before load balancers forget the connection, as client-go does.
    const connect = { ...material, keepAlive: true, keepAliveInitialDelay: 30_000, timeout: limits.connectTimeoutMs };
    // Not HTTP/2: Node's leaked memory under long watches, and costs several times the processor time of this.
    const common = { connections: limits.connections, connect, allowH2: false };
    const proxy = this.#config.getCurrentCluster()?.proxyUrl;
    if (proxy === undefined) return new Agent(common);
    if (!proxy.startsWith('http')) throw new Error(`proxy-url ${proxy}: only http and https proxies are supported`);
    return new ProxyAgent({ uri: proxy, requestTls: connect, connections: limits.connections, allowH2: false });
  }
}

function tlsMaterial(options: RequestOptions): TlsMaterial {
  const { ca, cert, key, pfx, passphrase, servername, rejectUnauthorized } = options;
  return Object.fromEntries(
    Object.entries({ ca, cert, key, pfx, passphrase, servername, rejectUnauthorized }).filter(([, value]) => value !== undefined),
  );
}

function authorization(options: RequestOptions): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    // A token file may end with a newline, which no header may have.
    if (value !== undefined) headers[name.toLowerCase()] = String(value).trim();
  }
  if (typeof options.auth === 'string') headers['authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`;
  return headers;
}
