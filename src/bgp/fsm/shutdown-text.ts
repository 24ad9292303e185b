import { limits } from './limits.ts';

/** UTF-8 of the text, cut between code points so that it fits (RFC 9003 §2); unpaired surrogates become U+FFFD. */
export function encodeShutdownText(text: string): Uint8Array {
  const buffer = new Uint8Array(limits.shutdownTextOctets);
  const { written } = new TextEncoder().encodeInto(text, buffer);
  return buffer.subarray(0, written);
}

/** Data field of a Cease with text: one octet of length, then the text. Without text: empty. */
export function shutdownData(text: string | undefined): Uint8Array {
  if (text === undefined || text === '') return new Uint8Array();
  const encoded = encodeShutdownText(text);
  return Uint8Array.of(encoded.length, ...encoded);
}

/** The text in a Cease that a router sent, made safe for logs; empty where there is none or the length is wrong. */
export function readShutdownText(data: Uint8Array): string {
  const length = data[0] ?? 0;
  if (length === 0 || length > data.length - 1) return '';
  return printable(new TextDecoder().decode(data.subarray(1, 1 + length)));
}

/**
 * Text from a router for people: control and formatting characters become `?`, so that it can't forge log lines or move a
 * terminal's cursor.
 */
export const printable = (text: string): string => text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?');
