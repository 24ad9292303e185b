import { eachPrefix, type Load, nextHop } from './load.ts';

/** A load as a TABLE_DUMP_V2 file (RFC 6396 §4.3): the one form in which GoBGP takes many routes at once. */
export function tableDump(load: Load): Buffer {
  const peer = [10, 255, 255, 3, 0, 0, 0, 1, 2, 10, 255, 255, 3, 10, 255, 255, 3, 0, 0, 0xfd, 0xe8];
  let sequence = 0;
  const entries = eachPrefix(load, (prefix, community) => {
    const attributes = attributesOf(community);
    const head = Buffer.alloc(4);
    head.writeUInt32BE(sequence++);
    const octets = prefix.replace(/\/.*/, '').split('.').map(Number);
    return record(2, [...head, 32, ...octets, 0, 1, 0, 0, 0, 0, 0, 0, 0, attributes.length, ...attributes]);
  });
  return Buffer.concat([record(1, peer), ...entries]);
}

/** ORIGIN IGP, an empty AS_PATH, NEXT_HOP, and one COMMUNITY where the load has some. */
function attributesOf(community: readonly [number, number] | undefined): number[] {
  const attributes = [0x40, 1, 1, 0, 0x40, 2, 0, 0x40, 3, 4, ...nextHop.split('.').map(Number)];
  if (community === undefined) return attributes;
  const [high, low] = community;
  return [...attributes, 0xc0, 8, 4, high >> 8, high & 255, low >> 8, low & 255];
}

function record(subtype: number, body: readonly number[]): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt16BE(13, 4);
  header.writeUInt16BE(subtype, 6);
  header.writeUInt32BE(body.length, 8);
  return Buffer.concat([header, Buffer.from(body)]);
}
