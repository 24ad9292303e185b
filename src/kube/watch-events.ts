import { err, ok, type Result } from '#runtime/result.ts';
import { limits } from './limits.ts';
import type { RawObject } from './resource.ts';

/** One line of a watch. The object of ERROR is a Status, that of BOOKMARK has a resourceVersion only. */
export type WatchEvent = { readonly type: string; readonly object: RawObject };

/**
 * Cuts a watch's bytes into events: one JSON object per line, in chunks that know nothing of lines. A line longer than the
 * limit, or one that is not an event, is an error; nothing after it is looked at.
 */
export class WatchDecoder {
  #pieces: Buffer[] = [];
  #pending = 0;

  /** The events that this chunk completes, in order. */
  *push(chunk: Buffer): Generator<Result<WatchEvent, 'too long' | 'unreadable'>> {
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      const line = this.#line(chunk.subarray(start, end));
      start = end + 1;
      if (line.length > limits.eventBytes) {
        yield err('too long');
        return;
      }
      yield decode(line);
    }
    if (start === chunk.length) return;
    this.#pieces.push(chunk.subarray(start));
    this.#pending += chunk.length - start;
    if (this.#pending > limits.eventBytes) yield err('too long');
  }

  #line(last: Buffer): Buffer {
    if (this.#pieces.length === 0) return last;
    const line = Buffer.concat([...this.#pieces, last]);
    this.#pieces = [];
    this.#pending = 0;
    return line;
  }
}

const newline = 0x0a;

function decode(line: Buffer): Result<WatchEvent, 'unreadable'> {
  try {
    const event = JSON.parse(line.toString('utf8')) as { type?: unknown; object?: { metadata?: unknown } } | null;
    const metadata = event?.object?.metadata;
    if (typeof event?.type === 'string' && typeof metadata === 'object' && metadata !== null) return ok(event as WatchEvent);
  } catch {
    // Said below: it is no event.
  }
  return err('unreadable');
}
