import { icmpTypes } from './router-messages.ts';
import { families } from './tcp-keys.ts';

/**
 * The structures by which the kernel takes ICMPv6 sockets, octet by octet as 64-bit Linux has them. Nothing here calls it.
 */

/** ff02::2 and ff02::1: all routers, and all nodes, of a link (RFC 4291 §2.7.1). */
export const allRouters = Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2);
export const allNodes = Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);

/** struct sockaddr_in6, 28 octets: family, port, flow, address, scope. */
export function socketAddress(address: Uint8Array, index: number): Buffer {
  const buffer = Buffer.alloc(28);
  buffer.writeUInt16LE(families.IPv6, 0);
  buffer.set(address, 8);
  buffer.writeUInt32LE(index, 24);
  return buffer;
}

/** struct ipv6_mreq, 20 octets: group, interface. */
export function membership(group: Uint8Array, index: number): Buffer {
  const buffer = Buffer.alloc(20);
  buffer.set(group);
  buffer.writeInt32LE(index, 16);
  return buffer;
}

// Classic BPF, <linux/filter.h>: what an instruction does, and where the header of the network layer is.
const loadOctet = 0x30;
const jumpIfEqual = 0x15;
const answer = 0x06;
const networkHeader = -0x100000;
const hopLimitOffset = 7;

/**
 * Lets pass what routers say and solicit with hop limit 255, which nobody beyond the link can send (RFC 4861 §6.1): all else never
 * wakes anybody. Seven times struct sock_filter, 8 octets: code, how far to jump if true and if false, operand.
 */
export const routerFilter: Buffer = Buffer.concat([
  instruction(loadOctet, 0, 0, networkHeader + hopLimitOffset),
  instruction(jumpIfEqual, 0, 4, 255),
  instruction(loadOctet, 0, 0, 0),
  instruction(jumpIfEqual, 1, 0, icmpTypes.solicitation),
  instruction(jumpIfEqual, 0, 1, icmpTypes.advertisement),
  instruction(answer, 0, 0, 0xffff),
  instruction(answer, 0, 0, 0),
]);

function instruction(code: number, ifTrue: number, ifFalse: number, operand: number): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeUInt16LE(code, 0);
  buffer.set([ifTrue, ifFalse], 2);
  buffer.writeUInt32LE(operand >>> 0, 4);
  return buffer;
}
