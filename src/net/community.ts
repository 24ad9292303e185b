import { err, ok, type Result } from '#runtime/result.ts';
import type { ParseError } from './ip-address.ts';

/** A BGP community as an unsigned 32-bit number (RFC 1997): the AS in the upper, the value in the lower 16 bits. */
export type Community = number;

/** A large community: global administrator and two local parts, each an unsigned 32-bit number (RFC 8092). */
export type LargeCommunity = readonly [number, number, number];

/** Well-known communities by the name that operators write (IANA registry "BGP Well-known Communities"). */
export const wellKnownCommunities = {
  'graceful-shutdown': 0xffff0000, // RFC 8326
  'llgr-stale': 0xffff0006, // RFC 9494
  'no-llgr': 0xffff0007, // RFC 9494
  blackhole: 0xffff029a, // RFC 7999
  'no-export': 0xffffff01, // RFC 1997
  'no-advertise': 0xffffff02, // RFC 1997
  'no-export-subconfed': 0xffffff03, // RFC 1997
  'no-peer': 0xffffff04, // RFC 3765
} as const satisfies Record<string, Community>;

/** Parses `64500:100` or a well-known name such as `no-export`. */
export function parseCommunity(text: string): Result<Community, ParseError> {
  if (Object.hasOwn(wellKnownCommunities, text)) return ok(wellKnownCommunities[text as keyof typeof wellKnownCommunities]);
  const parts = parseParts(text, 2, 0xffff);
  if (parts === undefined) {
    return err(
      `"${text}" is not a community: write two numbers from 0 to 65535 as 64500:100, or one of ${Object.keys(wellKnownCommunities).join(', ')}`,
    );
  }
  const [upper = 0, lower = 0] = parts;
  return ok(upper * 0x10000 + lower);
}

/** `64500:100`; well-known values too, so that every community has one text form. */
export const formatCommunity = (community: Community): string => `${Math.floor(community / 0x10000)}:${community % 0x10000}`;

/** Parses `4200000000:1:2` (RFC 8092 §5). */
export function parseLargeCommunity(text: string): Result<LargeCommunity, ParseError> {
  const parts = parseParts(text, 3, 0xffffffff);
  if (parts === undefined) return err(`"${text}" is not a large community: write three numbers from 0 to 4294967295 as 64500:1:2`);
  const [global = 0, local1 = 0, local2 = 0] = parts;
  return ok([global, local1, local2]);
}

/** `64500:1:2`. */
export const formatLargeCommunity = (community: LargeCommunity): string => community.join(':');

function parseParts(text: string, count: number, max: number): number[] | undefined {
  const parts = text.split(':');
  if (parts.length !== count || parts.some((part) => !/^(0|[1-9]\d{0,9})$/.test(part))) return undefined;
  const values = parts.map(Number);
  return values.every((value) => value <= max) ? values : undefined;
}
