import { describe, expect, it } from 'vitest';
import { err, ok } from '#runtime/result.ts';
import { type SocketOptions, socketOptions } from './socket-options.ts';
import { tcpAbilities } from './tcp-abilities.ts';

const none = { md5: false, ao: false, minHopLimit: false, device: false };

/** Calls that leave the kernel alone, and note which sockets stay open. */
function calls(refused: string, open = new Set<number>()): SocketOptions {
  const answer = (what: string) => (what === refused ? err('not here') : ok(undefined));
  return {
    tcpSocket: () => (refused === 'socket' ? err('no socket') : ok(open.add(open.size + 1).size)),
    protect: (_fd, _remote, { key, minHopLimit }) => answer(key?.kind ?? (minHopLimit === undefined ? '' : 'minHopLimit')),
    removeKey: () => undefined,
    bindToDevice: () => answer('device'),
    close: (fd) => open.delete(fd),
    unacknowledged: () => undefined,
    lock: () => true,
  };
}

describe('what the kernel can do for a connection', () => {
  it('is nothing where its calls can not be had, or no socket', () => {
    expect(tcpAbilities(() => err('no koffi'))).toEqual(none);
    expect(tcpAbilities(() => ok(calls('socket')))).toEqual(none);
  });

  it.each([
    ['MD5', 'md5'],
    ['AO', 'ao'],
    ['minHopLimit', 'minHopLimit'],
    ['device', 'device'],
  ])('is all but %s where it refuses that, and no socket stays open', (refused, ability) => {
    const open = new Set<number>();
    expect(tcpAbilities(() => ok(calls(refused, open)))).toEqual({
      md5: true,
      ao: true,
      minHopLimit: true,
      device: true,
      [ability]: false,
    });
    expect(open.size).toBe(0);
  });

  it.runIf(socketOptions().ok)('is TTL security and binding to a device at least on a kernel of today', () => {
    expect(tcpAbilities()).toMatchObject({ minHopLimit: true, device: true });
  });
});
