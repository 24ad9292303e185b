import type { ResourceType } from '#kube/resource.ts';

/** A request that is refused: thrown by whoever finds out, answered as the API server's Status object. */
export class Refusal extends Error {
  readonly code: number;
  readonly reason: string;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: number, reason: string, message: string, retryAfterSeconds?: number) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.retryAfterSeconds = retryAfterSeconds;
  }

  /** The body of the answer, and the object of an ERROR event. */
  toStatus(): Readonly<Record<string, unknown>> {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: this.message,
      reason: this.reason,
      ...(this.retryAfterSeconds !== undefined && { details: { retryAfterSeconds: this.retryAfterSeconds } }),
      code: this.code,
    };
  }
}

const qualified = (type: ResourceType): string => (type.group === '' ? type.plural : `${type.plural}.${type.group}`);

// The texts are kube-apiserver's own: code that reads them behaves the same against both.
export const notFound = (type: ResourceType, name: string): Refusal =>
  new Refusal(404, 'NotFound', `${qualified(type)} "${name}" not found`);

export const noSuchPath = (): Refusal => new Refusal(404, 'NotFound', 'the server could not find the requested resource');

export const alreadyExists = (type: ResourceType, name: string): Refusal =>
  new Refusal(409, 'AlreadyExists', `${qualified(type)} "${name}" already exists`);

export const conflict = (type: ResourceType, name: string, why?: string): Refusal =>
  new Refusal(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${qualified(type)} "${name}": ${why ?? 'the object has been modified; please apply your changes to the latest version and try again'}`,
  );

export const invalid = (type: ResourceType, name: string, why: string): Refusal =>
  new Refusal(422, 'Invalid', `${type.kind}${type.group === '' ? '' : `.${type.group}`} "${name}" is invalid: ${why}`);

export const badRequest = (why: string): Refusal => new Refusal(400, 'BadRequest', why);

export const expired = (asked: string, oldest: number): Refusal =>
  new Refusal(410, 'Expired', `too old resource version: ${asked} (${oldest})`);
