import type { Clock } from '#runtime/clock.ts';
import { err, ok, type Result } from '#runtime/result.ts';
import type { ApiError } from '../api-error.ts';
import { sleep } from '../deadline.ts';
import type { KubeClient } from '../kube-client.ts';
import type { RawObject } from '../resource.ts';

const answerMs = 5;

/** One Lease, the clients that reach it, and what is lost on the way, on the clock of the test. */
export class LeaseServer {
  readonly #clock: Clock;
  readonly #cutOff = new Set<string>();
  #lease: RawObject | undefined;
  #revision = 0;
  #answersToLose = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(): RawObject | undefined {
    return this.#lease;
  }

  set(lease: RawObject | undefined): void {
    this.#lease = lease && { ...lease, metadata: { ...lease.metadata, resourceVersion: String(++this.#revision) } };
  }

  /** Requests of this client are lost until it is connected again. */
  cutOff(identity: string): void {
    this.#cutOff.add(identity);
  }

  reconnect(identity: string): void {
    this.#cutOff.delete(identity);
  }

  /** The next writes are done, but their answers are lost. */
  loseAnswers(count: number): void {
    this.#answersToLose = count;
  }

  client(identity: string): KubeClient {
    const unused = (): never => {
      throw new Error('not used by leader election');
    };
    return {
      get: (_type, _ref, options) =>
        this.#answer(identity, options?.timeoutMs, () => (this.#lease === undefined ? refused(404, 'NotFound') : ok(this.#lease))),
      create: (_type, lease, options) => this.#write(identity, options?.timeoutMs, () => this.#create(lease)),
      put: (_type, lease, options) => this.#write(identity, options?.timeoutMs, () => this.#put(lease)),
      list: unused,
      patch: unused,
      delete: unused,
    };
  }

  #create(lease: RawObject): Result<RawObject, ApiError> {
    if (this.#lease !== undefined) return refused(409, 'AlreadyExists');
    this.set(lease);
    return ok(this.#lease ?? lease);
  }

  #put(lease: RawObject): Result<RawObject, ApiError> {
    if (this.#lease === undefined) return refused(404, 'NotFound');
    if (lease.metadata.resourceVersion !== this.#lease.metadata.resourceVersion) return refused(409, 'Conflict');
    this.set(lease);
    return ok(this.#lease);
  }

  #write(identity: string, timeoutMs: number | undefined, write: () => Result<RawObject, ApiError>): Promise<Result<RawObject, ApiError>> {
    return this.#answer(identity, timeoutMs, () => {
      const answer = write();
      if (this.#answersToLose === 0) return answer;
      this.#answersToLose--;
      return refused(0, 'Timeout');
    });
  }

  async #answer(identity: string, timeoutMs = 5_000, answer: () => Result<RawObject, ApiError>): Promise<Result<RawObject, ApiError>> {
    if (this.#cutOff.has(identity)) {
      await sleep(this.#clock, timeoutMs, undefined);
      return refused(0, 'Timeout');
    }
    await sleep(this.#clock, answerMs, undefined);
    return answer();
  }
}

const refused = (status: number, reason: string): { readonly ok: false; readonly error: ApiError } =>
  err({ status, reason, message: `Lease: ${reason}` });
