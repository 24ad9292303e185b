import fc from 'fast-check';
import { encodeMessage } from '#bgp/wire/encode.ts';
import type { Message } from '#bgp/wire/messages.ts';
import type { EncodeContext } from '#bgp/wire/negotiated.ts';
import { messages, opens, updates } from '#bgp/wire/testing/arbitraries.ts';
import { hex } from '#bgp/wire/testing/builders.ts';

/** One attribute or capability of an encoded message. */
export type Part = { readonly flags: number; readonly code: number; readonly value: Uint8Array };

/** An UPDATE in pieces that can be exchanged. */
export type UpdateParts = { readonly withdrawn: Uint8Array; readonly attributes: readonly Part[]; readonly announced: Uint8Array };

/** What a campaign begins with: well-formed messages of every kind, and their pieces. */
export type Corpus = {
  readonly messages: readonly Message[];
  readonly updates: readonly UpdateParts[];
  /** Attributes of all updates, and of those that our encoder never writes. */
  readonly attributes: readonly Part[];
  /** Bodies of OPENs. */
  readonly opens: readonly Uint8Array[];
  /** Bodies of other messages, by type. */
  readonly others: readonly { readonly type: number; readonly body: Uint8Array }[];
};

/** How often each of `foreignAttributes` stands among the others, which are many. */
const foreignTimes = 60;

/** An UPDATE that is long for its purpose. */
const longOctets = 200;

/** As long as messages get; AS numbers of both sizes come from both contexts. */
const contexts: readonly EncodeContext[] = [
  { fourOctetAsn: true, maxMessageLength: 65_535 },
  { fourOctetAsn: false, maxMessageLength: 65_535 },
];

/** Attributes that only others write: sets, confederations, labels, tunnels, families that we don't carry, and known attacks. */
const foreignAttributes: readonly string[] = [
  '40 02 06 01 01 0000fbf4',
  '40 02 06 02 01 00000000',
  'c0 07 08 00000000 0a000001',
  '40 02 0c 02 01 0000fbf4 03 01 0000fbf5',
  '40 02 04 04 01 fbf4',
  'c0 11 06 01 01 0000fbf4',
  'c0 11 06 03 01 0000fbf4',
  'c0 11 0a 02 02 0000fbf4 0000fbf5',
  'c0 12 08 0000fbf4 0a000001',
  '80 0e 0d 0001 04 04 0a000001 00 18 800001',
  '80 0e 05 4004 47 00 00',
  '80 0e 15 0001 01 10 20010db8000000000000000000000001 00',
  '80 0e 0e 0001 01 04 0a000001 00 20 c0000235',
  '80 0f 03 0001 01',
  '80 0f 03 0002 01',
  '80 0f 08 0001 01 20 c0000235',
  '80 0f 03 0001 85',
  'c0 17 0c 0008 0008 06 02 0001 04 02 0001',
  '80 1a 0b 01 000b 0000000000000001',
  'e0 1c 00',
  '80 1d 05 0400 0001 07',
  'c0 28 0a 01 0007 00 0000 00000064',
  'c0 28 03 03 0006',
  'c0 80 04 00000000',
  'e0 ff 02 0102',
];

/** As many samples of each kind of message as asked for, from the seed. */
export function makeCorpus(seed: number, samples: number): Corpus {
  const all = fc.sample(messages, { seed, numRuns: samples });
  const sampledUpdates = [true, false].flatMap((internal) => fc.sample(updates(internal), { seed, numRuns: samples }));
  const encoded = contexts.flatMap((context) => sampledUpdates.map((update) => encodeMessage(update, context)));
  // Long ones take longer and show no more: one in twenty is enough.
  const chosen = encoded.filter((bytes, index) => bytes.length < longOctets || index % 20 === 0).map(splitUpdate);
  const foreign = foreignAttributes.flatMap((text) => splitAttributes(hex(text)));
  return {
    messages: [...all, ...sampledUpdates],
    updates: chosen,
    attributes: [...chosen.flatMap(({ attributes }) => attributes), ...new Array<Part[]>(foreignTimes).fill(foreign).flat()],
    opens: fc.sample(opens, { seed, numRuns: samples }).map((open) => encodeMessage(open, contexts[0] as EncodeContext).subarray(19)),
    others: all.flatMap((message) => {
      if (message.kind === 'update' || message.kind === 'open') return [];
      const bytes = encodeMessage(message, contexts[0] as EncodeContext);
      return [{ type: bytes[18] ?? 0, body: bytes.subarray(19) }];
    }),
  };
}

const u16 = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);

/** The pieces of a well-formed UPDATE, header included. */
export function splitUpdate(frame: Uint8Array): UpdateParts {
  const attributesAt = 23 + u16(frame, 19);
  const announcedAt = attributesAt + u16(frame, attributesAt - 2);
  return {
    withdrawn: frame.subarray(21, attributesAt - 2),
    attributes: splitAttributes(frame.subarray(attributesAt, announcedAt)),
    announced: frame.subarray(announcedAt),
  };
}

function splitAttributes(field: Uint8Array): Part[] {
  const parts: Part[] = [];
  for (let at = 0; at < field.length; ) {
    const flags = field[at] ?? 0;
    const head = (flags & 0x10) === 0 ? 3 : 4;
    const length = head === 3 ? (field[at + 2] ?? 0) : u16(field, at + 2);
    parts.push({ flags, code: field[at + 1] ?? 0, value: field.subarray(at + head, at + head + length) });
    at += head + length;
  }
  return parts;
}
