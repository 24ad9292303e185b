import type { Corpus, Part, UpdateParts } from './corpus.ts';
import type { Dice } from './dice.ts';

/**
 * Any message of the corpus, changed: pieces that know what they are (attributes exchanged, doubled, cut, with wrong flags and
 * lengths), or octets that know nothing. Most have a right header, so that what is behind it is reached.
 */
export function mutant(corpus: Corpus, dice: Dice): Uint8Array {
  const kind = dice.number(40);
  if (kind === 0) return damagedHeader(framed(dice.number(8), dice.octets(dice.number(60))), dice);
  if (kind === 1) return framed(1, damaged(dice.pick(corpus.opens), dice));
  if (kind === 2) {
    const { type, body } = dice.pick(corpus.others);
    return framed(type, dice.oneIn(2) ? body : damaged(body, dice));
  }
  const body = joinUpdate(changedUpdate(dice.pick(corpus.updates), corpus, dice), dice);
  return framed(2, kind < 9 ? damaged(body, dice) : body);
}

/** A message around a body, its length right. */
export function framed(type: number, body: Uint8Array): Uint8Array {
  const kept = body.subarray(0, 65_535 - 19);
  const frame = new Uint8Array(19 + kept.length).fill(0xff, 0, 16);
  frame[16] = frame.length >> 8;
  frame[17] = frame.length & 0xff;
  frame[18] = type;
  frame.set(kept, 19);
  return frame;
}

/** Octets replaced, put in, left out, or cut off. */
export function damaged(bytes: Uint8Array, dice: Dice): Uint8Array {
  let changed: Uint8Array = bytes.slice();
  for (let count = 1 + dice.number(4); count > 0; count--) {
    const at = dice.number(changed.length + 1);
    const how = dice.number(8);
    if (how === 0) changed = joined(changed.subarray(0, at), dice.octets(1 + dice.number(4)), changed.subarray(at));
    else if (how === 1) changed = joined(changed.subarray(0, at), changed.subarray(at + 1 + dice.number(4)));
    else if (how === 2) changed = changed.subarray(0, at);
    else if (at < changed.length) changed[at] = dice.octet();
  }
  return changed;
}

function damagedHeader(frame: Uint8Array, dice: Dice): Uint8Array {
  frame[dice.number(19)] = dice.octet();
  return frame;
}

function changedUpdate(update: UpdateParts, corpus: Corpus, dice: Dice): UpdateParts {
  const attributes = [...update.attributes];
  for (let count = dice.number(4); count > 0; count--) changeAttributes(attributes, corpus, dice);
  const field = (own: Uint8Array, other: Uint8Array): Uint8Array => (dice.oneIn(6) ? other : dice.oneIn(40) ? damaged(own, dice) : own);
  const { withdrawn, announced } = dice.pick(corpus.updates);
  return { attributes, withdrawn: field(update.withdrawn, withdrawn), announced: field(update.announced, announced) };
}

function changeAttributes(attributes: Part[], corpus: Corpus, dice: Dice): void {
  const at = dice.number(attributes.length + 1);
  const part = attributes[at];
  const how = dice.number(9);
  if (part === undefined || how === 0) attributes.splice(at, 0, dice.pick(corpus.attributes));
  else if (how === 1) attributes.splice(at, 1);
  else if (how === 2) attributes.splice(dice.number(attributes.length + 1), 0, part);
  else if (how === 3) attributes[at] = { ...part, flags: part.flags ^ (1 << dice.number(8)) };
  else if (how === 4) attributes[at] = { ...part, code: dice.oneIn(2) ? dice.number(42) : dice.number(256) };
  else if (how === 5) attributes[at] = { ...part, value: part.value.subarray(0, dice.number(part.value.length + 1)) };
  else if (how === 6) attributes[at] = { ...part, value: joined(part.value, dice.octets(1 + dice.number(8))) };
  else attributes[at] = { ...part, value: damaged(part.value, dice) };
}

/** The body of an UPDATE; now and then a length says what is not so. */
function joinUpdate({ withdrawn, attributes, announced }: UpdateParts, dice: Dice): Uint8Array {
  const field = joined(...attributes.map((part) => attributeBytes(part, dice)));
  const lie = (length: number): Uint8Array => u16(dice.oneIn(100) ? dice.number(2 * length + 4) : length);
  return joined(lie(withdrawn.length), withdrawn, lie(field.length), field, announced);
}

function attributeBytes({ flags, code, value }: Part, dice: Dice): Uint8Array {
  const kept = value.subarray(0, 20_000);
  const length = dice.oneIn(100) ? Math.max(0, kept.length + dice.number(5) - 2) : kept.length;
  const isLong = length > 0xff || dice.oneIn(10);
  const head = isLong ? Uint8Array.of(flags | 0x10, code, length >> 8, length & 0xff) : Uint8Array.of(flags & ~0x10, code, length);
  return joined(head, kept);
}

const u16 = (value: number): Uint8Array => Uint8Array.of((value >> 8) & 0xff, value & 0xff);

/** All octets one after another. */
export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
