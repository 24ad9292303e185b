import { hash } from 'node:crypto';
import type { Clock } from '#runtime/clock.ts';
import { err, ok, type Result } from '#runtime/result.ts';
import { limits } from './limits.ts';

/** What the API server says about a token (TokenReview status, authenticated). */
export type ReviewedToken = {
  readonly user: string;
  readonly audiences: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
};

/** `refused`: the token is no good. `unreachable`: nobody could say, which is evidence of nothing. */
export type ReviewFailure = { readonly kind: 'refused' | 'unreachable'; readonly message: string };

/** Asks the API server about a token for our audience. Never rejects. */
export type TokenReviewer = (token: string, audience: string) => Promise<Result<ReviewedToken, ReviewFailure>>;

/** Whose tokens are taken. */
export type AuthenticatorOptions = {
  readonly reviewer: TokenReviewer;
  /** The one user that speakers are: `system:serviceaccount:<namespace>:<name>`. */
  readonly user: string;
  /** The audience that tokens must be made for. */
  readonly audience: string;
  readonly clock: Clock;
};

/** Where a bound service-account token says which node its pod runs on. */
const nodeClaim = 'authentication.kubernetes.io/node-name';

type Kept = { readonly node: string; readonly reviewedAtMs: number; readonly expiresAtMs: number };

/**
 * Says which node the holder of a token may speak for. Any pod can ask for a token with our audience (measured), so the user
 * must be exactly the speakers' account, and the node is the one that the API server vouches for.
 *
 * Answers are kept, by hash, until the token expires: a speaker can come back while the API server is away. They are asked for
 * again after `limits.reviewEveryMs`, and a refusal then counts.
 */
export class Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #kept = new Map<string, Kept>();
  /** Reviews that wait until fewer are under way. Oldest first. */
  readonly #waiting = new Set<() => Promise<void>>();
  #underWay = 0;

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
  }

  /** The node that the token is for, or why it is not taken. */
  async authenticate(token: string): Promise<Result<string, ReviewFailure>> {
    if (token === '' || token.length > limits.tokenCharacters) {
      return err({ kind: 'refused', message: `a token of ${token.length} characters is none: 1 to ${limits.tokenCharacters} are allowed` });
    }
    const key = hash('sha256', token);
    const kept = this.#unexpired(key);
    if (kept !== undefined && this.#options.clock.nowMs() - kept.reviewedAtMs < limits.reviewEveryMs) return ok(kept.node);
    const reviewed = await this.#review(token);
    const node = reviewed.ok ? this.#judge(reviewed.value) : reviewed;
    if (node.ok) {
      this.#keep(key, node.value, token);
      return node;
    }
    if (node.error.kind === 'unreachable' && kept !== undefined) return ok(kept.node);
    if (node.error.kind === 'refused') this.#kept.delete(key);
    return node;
  }

  #judge({ user, audiences, extra }: ReviewedToken): Result<string, ReviewFailure> {
    const { user: speaker, audience } = this.#options;
    const refused = (message: string) => err({ kind: 'refused' as const, message });
    if (user !== speaker) return refused(`the token is of user ${user}, only ${speaker} may speak for nodes`);
    if (!audiences.includes(audience)) return refused(`the token is for audience ${audiences.join(', ') || '(none)'}, not ${audience}`);
    const [node, ...others] = extra[nodeClaim] ?? [];
    if (node === undefined || node === '' || others.length > 0) {
      return refused(
        `the token does not name one node in ${nodeClaim}: it must be the projected token of a pod (Kubernetes 1.30 or newer)`,
      );
    }
    return ok(node);
  }

  /** An API server that does not answer in time is an unreachable one. */
  #review(token: string): Promise<Result<ReviewedToken, ReviewFailure>> {
    return new Promise((resolve) => {
      const ask = async (): Promise<void> => {
        const result = await this.#options.reviewer(token, this.#options.audience);
        timer.cancel();
        resolve(result);
      };
      const message = `no answer to the token review within ${limits.reviewTimeoutMs} ms`;
      const timer = this.#options.clock.after(limits.reviewTimeoutMs, () => {
        this.#waiting.delete(ask);
        resolve(err({ kind: 'unreachable', message }));
      });
      this.#waiting.add(ask);
      this.#askNext();
    });
  }

  /** Whoever shows very many tokens must not take all connections to the API server: others wait for those that it answers. */
  #askNext(): void {
    const [ask] = this.#waiting;
    if (ask === undefined || this.#underWay >= limits.reviewsAtOnce) return;
    this.#waiting.delete(ask);
    this.#underWay++;
    void ask().finally(() => {
      this.#underWay--;
      this.#askNext();
    });
  }

  #unexpired(key: string): Kept | undefined {
    const kept = this.#kept.get(key);
    if (kept === undefined || this.#options.clock.nowMs() < kept.expiresAtMs) return kept;
    this.#kept.delete(key);
    return undefined;
  }

  #keep(key: string, node: string, token: string): void {
    const { clock } = this.#options;
    const reviewedAtMs = clock.nowMs();
    // The wall clock is read once, so that a jump of it later moves no expiry.
    const expires = expiryWallMs(token);
    const lifetimeMs = expires === undefined ? limits.reviewKeptMs : expires - clock.wallMs();
    this.#kept.delete(key);
    this.#kept.set(key, { node, reviewedAtMs, expiresAtMs: reviewedAtMs + lifetimeMs });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > limits.reviewedTokens && oldest !== undefined) this.#kept.delete(oldest);
  }
}

/** The `exp` claim of a token that was reviewed already, in milliseconds since 1970; undefined where it has none. */
function expiryWallMs(token: string): number | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
    const exp = typeof claims === 'object' && claims !== null && 'exp' in claims ? claims.exp : undefined;
    return typeof exp === 'number' ? exp * 1_000 : undefined;
  } catch {
    return undefined;
  }
}
