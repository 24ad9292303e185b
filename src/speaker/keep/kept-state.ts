import { hash } from 'node:crypto';
import { z } from 'zod';
import type { AddressFamily } from '#net/ip-address.ts';
import { decodeEntry } from '#rpc/entry-codec.ts';
import { err, ok, type Result } from '#runtime/result.ts';
import { entryHash } from '#state/digest.ts';
import type { EncodedEntry } from '#state/entry.ts';
import { type AppliedEntry, readEntry } from '../accept/applied-state.ts';

/** What is on disk. */
export type KeptState = {
  /** The kernel's boot id when it was written: the verdicts are of that boot. */
  readonly bootId: string;
  readonly epoch: number;
  readonly version: number;
  /** Prefixes whose data plane was proved. */
  readonly passed: readonly string[];
  /** Families in which a health-check port has answered on this node. */
  readonly portsAnswer: readonly AddressFamily[];
  /** Prefixes that a person withdrew here. */
  readonly withdrawn: readonly string[];
  /** Where operators were last found, `host:port`: their name may be served by what we announce. */
  readonly operators: readonly string[];
  readonly entries: readonly AppliedEntry[];
};

/** The form that this version writes and reads. */
const format = 'anycast-speaker-state 2';

const factsSchema = z.object({
  bootId: z.string(),
  epoch: z.int().nonnegative(),
  version: z.int().nonnegative(),
  passed: z.array(z.string()),
  portsAnswer: z.array(z.enum(['IPv4', 'IPv6'])),
  withdrawn: z.array(z.string()),
  operators: z.array(z.string()),
});

const entrySchema = z.union([z.tuple([z.string(), z.base64()]), z.tuple([z.string(), z.base64(), z.base64()])]);

/** Lines: format and checksum of the rest; facts; one entry each, as key, bytes and, where it differs, the last good form. */
export function writeKeptState(kept: KeptState): string {
  const { entries, ...facts } = kept;
  const body = [JSON.stringify(facts), ...entries.map(entryLine)].join('\n');
  return `${format} ${checksum(body)}\n${body}`;
}

/** The error says what is wrong with the text. */
export function readKeptState(text: string): Result<KeptState, string> {
  const lineEnd = text.indexOf('\n');
  const [head, body] = [text.slice(0, Math.max(0, lineEnd)), text.slice(lineEnd + 1)];
  if (!head.startsWith(`${format} `)) return err(`it does not begin with "${format}": another version wrote it, or it is no state file`);
  if (head !== `${format} ${checksum(body)}`) return err('its checksum is wrong: it is cut off or damaged');
  const [factsLine = '', ...entryLines] = body.split('\n');
  try {
    const facts = factsSchema.parse(JSON.parse(factsLine));
    return ok({ ...facts, entries: entryLines.map((line) => readEntryLine(entrySchema.parse(JSON.parse(line)))) });
  } catch (error) {
    return err(`it does not have the fields of "${format}": ${(error as Error).message}`);
  }
}

/** Entries change rarely and are written often. */
const lines = new WeakMap<AppliedEntry, string>();

function entryLine(entry: AppliedEntry): string {
  let line = lines.get(entry);
  if (line === undefined) {
    const parts = [entry.sent.key, base64(entry.sent)];
    if (entry.rejection !== undefined && entry.running !== undefined) parts.push(base64(entry.running.encoded));
    line = JSON.stringify(parts);
    lines.set(entry, line);
  }
  return line;
}

/** What was rejected when it was written may run now: the speaker may be a newer one. */
function readEntryLine([key, sentBytes, lastGoodBytes]: z.infer<typeof entrySchema>): AppliedEntry {
  const sent = { key, bytes: fromBase64(sentBytes) };
  const lastGood = lastGoodBytes === undefined ? undefined : { key, bytes: fromBase64(lastGoodBytes) };
  const good = lastGood === undefined ? undefined : decodeEntry(lastGood);
  const running = lastGood !== undefined && good?.ok === true ? { entry: good.value, encoded: lastGood } : undefined;
  return readEntry(sent, entryHash(sent), decodeEntry, running);
}

const checksum = (text: string): string => hash('sha256', text, 'hex');
const base64 = ({ bytes }: EncodedEntry): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
// A copy: pieces of Node's shared pool would keep all of it alive.
const fromBase64 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));
