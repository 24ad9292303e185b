import type { Dispatcher } from 'undici';
import { describeError } from '#obs/logger.ts';
import { err, ok, type Result } from '#runtime/result.ts';
import { type ApiError, errorOfAnswer } from './api-error.ts';
import type { Connection } from './connection.ts';
import type { Deadline } from './deadline.ts';
import { limits } from './limits.ts';
import type { ResourceType } from './resource.ts';

/** A request to be sent. */
export type Call = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly type: ResourceType;
  readonly path: string;
  /** What is undefined is left out. */
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Which object or namespace, for error messages, e.g. `dns/edge`; may be empty. */
  readonly what: string;
};

/** `GET services dns/edge`: how error messages name a request. */
export const nameOf = (call: Call): string => [call.method, call.type.plural, call.what].filter((part) => part !== '').join(' ');

/** The error of a request that got no answer, or none that can be read. */
export const errorOf = (name: string, reason: string, why: string): ApiError => ({ status: 0, reason, message: `${name}: ${why}` });

/** Sends a request once and reads the JSON of its answer. */
export async function exchange(connection: Connection, call: Call, deadline: Deadline): Promise<Result<unknown, ApiError>> {
  const answer = await open(connection, call, deadline);
  if (!answer.ok) return answer;
  if (answer.value.statusCode >= 300) return err(await refusal(call, answer.value, deadline));
  return readJson(call, answer.value, deadline);
}

/** Sends a request once; resolves when the head of the answer is there, whatever its status. */
export async function open(connection: Connection, call: Call, deadline: Deadline): Promise<Result<Dispatcher.ResponseData, ApiError>> {
  let reason = 'Credentials';
  try {
    const { dispatcher, headers } = await connection.credentials();
    reason = 'Unreachable';
    const { origin, pathname } = new URL(connection.server);
    const sent = dispatcher.request({
      origin,
      path: `${pathname === '/' ? '' : pathname}${call.path}${queryOf(call)}`,
      method: call.method,
      headers: { ...headers, accept: 'application/json', ...(call.body !== undefined && { 'content-type': contentType(call) }) },
      body: call.body === undefined ? null : JSON.stringify(call.body),
      signal: deadline.signal,
      // Our own deadlines count; undici's would end quiet watches.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    return ok(await inTime(sent, deadline.signal));
  } catch (error) {
    return err(deadline.errorOf(nameOf(call)) ?? errorOf(nameOf(call), reason, describeError(error)));
  }
}

/** undici heeds the signal of a request only when it has a connection for it: one that waits for that would wait for ever. */
function inTime(sent: Promise<Dispatcher.ResponseData>, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(new Error('given up'));
    if (signal.aborted) giveUp();
    else signal.addEventListener('abort', giveUp, { once: true });
    sent.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
  });
}

/** The error that an answer other than 2xx means. */
export async function refusal(call: Call, answer: Dispatcher.ResponseData, deadline: Deadline): Promise<ApiError> {
  const body = await readJson(call, answer, deadline);
  const retryAfter = answer.headers['retry-after'];
  return errorOfAnswer(
    nameOf(call),
    answer.statusCode,
    body.ok ? body.value : undefined,
    typeof retryAfter === 'string' ? retryAfter : undefined,
  );
}

async function readJson(call: Call, answer: Dispatcher.ResponseData, deadline: Deadline): Promise<Result<unknown, ApiError>> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      size += chunk.length;
      // Leaving the loop closes the connection: the rest is not read.
      if (size > limits.bodyBytes) return err(errorOf(nameOf(call), 'Unreadable', `the answer is larger than ${limits.bodyBytes} bytes`));
      chunks.push(chunk);
    }
    return ok(JSON.parse(Buffer.concat(chunks).toString('utf8')));
  } catch (error) {
    if (error instanceof SyntaxError) return err(errorOf(nameOf(call), 'Unreadable', 'the answer is not JSON'));
    return err(deadline.errorOf(nameOf(call)) ?? errorOf(nameOf(call), 'Unreachable', describeError(error)));
  }
}

function queryOf(call: Call): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(call.query ?? {})) {
    if (value !== undefined) query.set(name, String(value));
  }
  return query.size === 0 ? '' : `?${query}`;
}

const contentType = (call: Call): string => (call.method === 'PATCH' ? 'application/merge-patch+json' : 'application/json');
