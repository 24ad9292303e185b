import { lookup } from 'node:dns/promises';
import { parseIpAddress } from '#net/ip-address.ts';
import type { Timer } from '#runtime/clock.ts';
import { err, ok, type Result } from '#runtime/result.ts';
import { Dial, type DialOptions } from './dial.ts';
import { limits } from './limits.ts';
import { hostPort, splitHostPort } from './loopback.ts';

/** Which operators a speaker dials. */
export type OperatorDialerOptions = DialOptions & {
  /** `host:port` each; a name stands for all addresses that it resolves to (a headless Service: every replica). */
  readonly targets: readonly string[];
  /** Addresses that were known when the speaker last ran, `host:port` each: names may be unresolvable until we announce. */
  readonly knownAddresses: readonly string[];
  /** Told of the addresses, ascending, whenever they change, to be kept for the next start. */
  readonly onAddresses: (addresses: readonly string[]) => void;
  /** Addresses of a name; rejects where it can't be resolved. Default: the system's resolver. */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
};

/** The speaker's end of the protocol: keeps one link to every operator that the names resolve to. */
export class OperatorDialer {
  readonly #options: OperatorDialerOptions;
  readonly #targets: readonly { readonly host: string; readonly port: number }[];
  readonly #resolved = new Map<string, readonly string[]>();
  readonly #dials = new Map<string, Dial>();
  #addresses: readonly string[];
  #timer: Timer | undefined;
  #stopped: (() => void) | undefined;

  /** The error names the target that is not `host:port`. */
  static create(options: OperatorDialerOptions): Result<OperatorDialer, string> {
    const wrong = options.targets.find((target) => splitHostPort(target) === undefined);
    if (wrong !== undefined) return err(`operator address "${wrong}" is not host:port, e.g. anycast-operator.anycast-system.svc:9441`);
    return ok(new OperatorDialer(options));
  }

  private constructor(options: OperatorDialerOptions) {
    this.#options = options;
    this.#targets = options.targets.flatMap((target) => splitHostPort(target) ?? []);
    this.#addresses = options.knownAddresses;
  }

  /** Dials the addresses that are known, resolves the names, and keeps doing so. */
  start(): void {
    this.#dialAll();
    void this.#resolve();
  }

  /** Ends all links with a reason; resolves when they are gone, after `limits.closeTimeoutMs` at the latest. */
  stop(reason: string): Promise<void> {
    this.#timer?.cancel();
    return new Promise((resolve) => {
      this.#stopped = resolve;
      for (const dial of [...this.#dials.values()]) dial.stop(reason);
      this.#resolveIfGone();
    });
  }

  async #resolve(): Promise<void> {
    await Promise.all(this.#targets.map((target) => this.#resolveTarget(target)));
    if (this.#stopped !== undefined) return;
    this.#use(this.#currentAddresses());
    const delayMs = limits.resolveEveryMs * (0.5 + this.#options.random() / 2);
    this.#timer = this.#options.clock.after(delayMs, () => void this.#resolve());
  }

  /** No answer and an empty one change nothing: the last addresses of a name stay. */
  async #resolveTarget({ host, port }: { readonly host: string; readonly port: number }): Promise<void> {
    const resolve = this.#options.resolve ?? systemResolve;
    const addresses = parseIpAddress(host).ok ? [host] : await resolve(host).catch(() => []);
    if (addresses.length === 0) return;
    this.#resolved.set(
      hostPort(host, port),
      oneFamily(addresses).map((address) => hostPort(address, port)),
    );
  }

  /** What the names resolved to last; as long as one of them never did, also what was known from before. */
  #currentAddresses(): readonly string[] {
    const complete = this.#targets.every(({ host, port }) => this.#resolved.has(hostPort(host, port)));
    const known = complete ? [] : this.#options.knownAddresses;
    return [...new Set([...[...this.#resolved.values()].flat(), ...known])].sort().slice(0, limits.operators);
  }

  #use(addresses: readonly string[]): void {
    if (addresses.join() === this.#addresses.join()) return;
    this.#addresses = addresses;
    this.#options.onAddresses(addresses);
    this.#dialAll();
  }

  #dialAll(): void {
    const wanted = new Set(this.#addresses);
    for (const [address, dial] of [...this.#dials]) {
      if (!wanted.has(address)) dial.retire();
    }
    for (const address of wanted) {
      const dial = this.#dials.get(address);
      if (dial === undefined) this.#dials.set(address, new Dial(address, this.#options, () => this.#gone(address)));
      else dial.keep();
    }
  }

  #gone(address: string): void {
    this.#dials.delete(address);
    this.#resolveIfGone();
  }

  #resolveIfGone(): void {
    if (this.#dials.size === 0) this.#stopped?.();
  }
}

/** Where a name has both families, both reach the same operators, and two streams of one speaker replace each other for ever. */
const oneFamily = (addresses: readonly string[]): readonly string[] =>
  addresses.filter((address) => address.includes(':') === addresses[0]?.includes(':'));

const systemResolve = async (host: string): Promise<readonly string[]> => (await lookup(host, { all: true })).map(({ address }) => address);
