import { describe, expect, it } from 'vitest';
import { type Interfaces, interfaceAddress } from './interface-address.ts';

const entry = (address: string, internal = false) => ({ address, internal });

const machine: Interfaces = {
  lo: [entry('127.0.0.1', true), entry('::1', true)],
  eth0: [entry('192.0.2.10'), entry('fe80::1'), entry('2001:db8::10'), entry('2001:db8::11')],
  eth1: [entry('198.51.100.10'), entry('fe80::2')],
  gone: undefined,
};

describe('the address of a family on the interface that reaches a peer', () => {
  it('is the first global one of the interface that carries our end', () => {
    expect(interfaceAddress('192.0.2.10', 'IPv6', machine)).toBe('2001:db8::10');
    expect(interfaceAddress('2001:db8::11', 'IPv4', machine)).toBe('192.0.2.10');
  });

  it('is never link-local', () => {
    expect(interfaceAddress('198.51.100.10', 'IPv6', machine)).toBeUndefined();
  });

  it('is never a loopback address', () => {
    expect(interfaceAddress('127.0.0.1', 'IPv6', machine)).toBeUndefined();
  });

  it('is unknown for an address of no interface', () => {
    expect(interfaceAddress('203.0.113.1', 'IPv4', machine)).toBeUndefined();
  });

  it('reads the real interfaces when none are given', () => {
    expect(interfaceAddress('127.0.0.1', 'IPv4')).toBeUndefined();
  });
});
