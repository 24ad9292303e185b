import { describe, expect, it } from 'vitest';
import { formatIpAddress } from '#net/ip-address.ts';
import { type Interfaces, interfaceAddresses, machineInterfaces } from './interface-addresses.ts';

const entry = (address: string, internal = false) => ({ address, internal });

const machine: Interfaces = {
  lo: [entry('127.0.0.1', true), entry('::1', true)],
  eth0: [entry('192.0.2.10'), entry('fe80::1'), entry('2001:db8::10'), entry('2001:db8::11')],
  eth1: [entry('198.51.100.10'), entry('not an address')],
  'eth0.7': [entry('fe80::1'), entry('2001:db8:7::10')],
  gone: undefined,
};

const texts = (address: string, device?: string) =>
  interfaceAddresses({ address, ...(device !== undefined && { interface: device }) }, machine).map(formatIpAddress);

describe('the addresses of the interface that reaches a peer', () => {
  it('are those of the interface that carries our end, in its order', () => {
    expect(texts('192.0.2.10')).toEqual(['192.0.2.10', 'fe80::1', '2001:db8::10', '2001:db8::11']);
    expect(texts('2001:db8::11')).toEqual(texts('192.0.2.10'));
  });

  it('are those of the interface that is named, where several have the address', () => {
    expect(texts('fe80::1', 'eth0.7')).toEqual(['fe80::1', '2001:db8:7::10']);
    expect(texts('fe80::1', 'eth1')).toEqual([]);
    expect(texts('fe80::1', 'gone')).toEqual([]);
  });

  it('leave out what cannot be read', () => {
    expect(texts('198.51.100.10')).toEqual(['198.51.100.10']);
  });

  it('are none on a loopback interface, and for an address of no interface', () => {
    expect(texts('127.0.0.1')).toEqual([]);
    expect(texts('203.0.113.1')).toEqual([]);
  });

  it('are read from the machine when none are given', () => {
    expect(interfaceAddresses({ address: '127.0.0.1' })).toEqual([]);
  });
});

describe('the interfaces of the machine', () => {
  it('are those of the last time where they can not be read: a process without descriptors goes on', () => {
    const before = machineInterfaces();
    const exhausted = (): typeof before => {
      throw new Error('uv_interface_addresses returned Unknown system error 24');
    };
    expect(machineInterfaces(exhausted)).toBe(before);
    expect(Object.keys(before)).toContain('lo');
    expect(machineInterfaces()).not.toBe(before);
  });
});
