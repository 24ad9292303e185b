/** Why a request failed: what the API server answered, or that it did not. */
export type ApiError = {
  /** HTTP status, or 0 when there was no answer. */
  readonly status: number;
  /** The API server's reason, e.g. `NotFound`, `Conflict`, `AlreadyExists`, `Expired`; without an answer `Unreachable`, `Timeout`, `Unreadable`, `Aborted` or `Credentials`. */
  readonly reason: string;
  /** A sentence that names the request, and what the server said. */
  readonly message: string;
  /** How long the server asks to wait, in seconds. */
  readonly retryAfterSeconds?: number;
};

/** The object changed since it was read, or exists already: read again and decide again. */
export const isConflict = (error: ApiError): boolean => error.status === 409;

/** The object, or its whole kind, is not there. Only the API server's own answer counts, not that of something in between. */
export const isNotFound = (error: ApiError): boolean => error.status === 404 && error.reason === 'NotFound';

/** The resource version or continue token is too old: list again. */
export const isExpired = (error: ApiError): boolean => error.status === 410 || error.reason === 'Expired' || error.reason === 'Gone';

type StatusBody = {
  readonly kind?: unknown;
  readonly reason?: unknown;
  readonly message?: unknown;
  readonly code?: unknown;
  readonly details?: unknown;
};

/** The error that an answer other than 2xx means. `request` names what was asked, e.g. `GET services dns/edge`. */
export function errorOfAnswer(request: string, status: number, body: unknown, retryAfter?: string): ApiError {
  const said = asStatus(body);
  const seconds = retryAfterSeconds(retryAfter, said);
  return {
    status,
    reason: typeof said?.reason === 'string' && said.reason !== '' ? said.reason : `Status${status}`,
    message: `${request}: ${typeof said?.message === 'string' ? said.message : `the API server answered ${status}`}`,
    ...(seconds !== undefined && { retryAfterSeconds: seconds }),
  };
}

/** The error in a watch event of type ERROR, whose object is a Status. */
export function errorOfEvent(request: string, object: unknown): ApiError {
  const code = asStatus(object)?.code;
  return errorOfAnswer(request, typeof code === 'number' ? code : 500, object);
}

function asStatus(body: unknown): StatusBody | undefined {
  return typeof body === 'object' && body !== null && (body as StatusBody).kind === 'Status' ? (body as StatusBody) : undefined;
}

function retryAfterSeconds(header: string | undefined, status: StatusBody | undefined): number | undefined {
  const fromHeader = header === undefined ? Number.NaN : Number(header);
  if (Number.isFinite(fromHeader) && fromHeader >= 0) return fromHeader;
  const fromBody = (status?.details as { retryAfterSeconds?: unknown } | undefined)?.retryAfterSeconds;
  return typeof fromBody === 'number' && fromBody > 0 ? fromBody : undefined;
}
