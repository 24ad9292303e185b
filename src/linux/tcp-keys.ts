import { addressBits, type IpAddress, parseIpAddress } from '#net/ip-address.ts';
import { assert } from '#runtime/assert.ts';
import { unwrap } from '#runtime/result.ts';
import type { TcpKey } from './byte-stream.ts';

/**
 * The structures by which the kernel takes keys, octet by octet as <linux/tcp.h> has them on 64-bit Linux. Nothing here calls it.
 */

const addressBytes = 128; // struct sockaddr_storage
const keyBytes = 80; // TCP_MD5SIG_MAXKEYLEN, TCP_AO_MAXKEYLEN

/** AF_INET and AF_INET6. */
export const families = { IPv4: 2, IPv6: 10 } as const;

/** struct tcp_md5sig, 216 octets: address, flags, prefix length, key length, interface, key. No key: the one that is there ends. */
export function md5Signature(remote: string, key: string | undefined): Buffer {
  const secret = Buffer.from(key ?? '');
  assert(secret.length <= keyBytes, 'keys are checked where they are configured');
  const buffer = Buffer.alloc(addressBytes + 8 + keyBytes);
  writeAddress(buffer, remote);
  buffer.writeUInt16LE(secret.length, addressBytes + 2);
  secret.copy(buffer, addressBytes + 8);
  return buffer;
}

const algorithms = { 'HMAC-SHA-1-96': 'hmac(sha1)', 'AES-128-CMAC-96': 'cmac(aes128)' } as const;
/** Both algorithms of RFC 5926 have 96 bits of code. */
const codeBytes = 12;

/** struct tcp_ao_add, 288 octets: address, algorithm, interface, flags, prefix length, both key ids, code length, key. */
export function authenticationOption(remote: string, key: Extract<TcpKey, { kind: 'AO' }>): Buffer {
  const secret = Buffer.from(key.secret);
  assert(secret.length <= keyBytes, 'keys are checked where they are configured');
  const buffer = Buffer.alloc(addressBytes + 64 + 16 + keyBytes);
  writeAddress(buffer, remote);
  buffer.write(algorithms[key.algorithm], addressBytes, 'ascii');
  const rest = addressBytes + 64 + 4;
  buffer.writeUInt32LE(0b11, rest); // set_current and set_rnext: the only key is the one in use
  buffer.writeUInt8(addressBits(addressOf(remote).family), rest + 6);
  buffer.writeUInt8(key.keyId, rest + 7);
  buffer.writeUInt8(key.receiveKeyId, rest + 8);
  buffer.writeUInt8(codeBytes, rest + 9);
  buffer.writeUInt8(secret.length, rest + 11);
  secret.copy(buffer, rest + 12);
  return buffer;
}

/** struct sockaddr_in or sockaddr_in6 at the beginning, port 0: any. */
function writeAddress(buffer: Buffer, text: string): void {
  const { family, octets } = addressOf(text);
  buffer.writeUInt16LE(families[family], 0);
  buffer.set(octets, family === 'IPv4' ? 4 : 8);
}

/** Addresses that reach the kernel are canonical texts: one that can't be read here is a bug. */
const addressOf = (text: string): IpAddress => unwrap(parseIpAddress(text));
