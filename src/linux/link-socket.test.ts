import { describe, expect, it } from 'vitest';
import { err, ok, unwrap } from '#runtime/result.ts';
import { canHearLinks, openLinkSocket } from './link-socket.ts';
import { encodeRouterMessage } from './router-messages.ts';
import { type IcmpSockets, socketOptions } from './socket-options.ts';

const linkLocal = Uint8Array.from([0xfe, 0x80, ...Array(13).fill(0), 7]);
const eth0 = (scopeid = 3) => ({
  eth0: [
    { address: '192.0.2.1', mac: '02:00:00:00:00:07' },
    { address: 'fe80::1', mac: '02:00:00:00:00:07', scopeid },
  ],
});

/** A kernel in which everything goes, and what it was asked to do. */
function aKernel(received: readonly Uint8Array[] = []) {
  const asked: unknown[] = [];
  const messages = [...received];
  const kernel: IcmpSockets = {
    icmpSocket: (device, index) => {
      asked.push(['open', device, index]);
      return ok(5);
    },
    sendIcmp: (fd, message, to, index) => {
      asked.push(['send', fd, message.length, to[15], index]);
      return ok(undefined);
    },
    receiveIcmp: () => {
      const message = messages.shift();
      return message && { message, from: linkLocal };
    },
    close: (fd) => void asked.push(['close', fd]),
  };
  return { asked, kernel: () => ok(kernel) };
}

describe('a link', () => {
  it('tells all nodes who we are, and asks all routers, on the interface that it is', () => {
    const { asked, kernel } = aKernel();
    const link = unwrap(openLinkSocket('eth0', kernel, () => eth0()));
    unwrap(link.send('advertisement'));
    unwrap(link.send('solicitation'));
    link.close();
    expect(asked).toEqual([
      ['open', 'eth0', 3],
      ['send', 5, 24, 1, 3],
      ['send', 5, 16, 2, 3],
      ['close', 5],
    ]);
  });

  it('without link-layer addresses names none', () => {
    const { asked, kernel } = aKernel();
    const tunnel = { tun0: [{ address: 'fe80::1', mac: '00:00:00:00:00:00', scopeid: 4 }] };
    unwrap(unwrap(openLinkSocket('tun0', kernel, () => tunnel)).send('advertisement'));
    expect(asked).toContainEqual(['send', 5, 16, 1, 4]);
  });

  it('hears what is good, and discards the rest', () => {
    const { kernel } = aKernel([encodeRouterMessage('advertisement', undefined), Uint8Array.of(134)]);
    const link = unwrap(openLinkSocket('eth0', kernel, () => eth0()));
    expect([link.receive(), link.receive(), link.receive()]).toEqual([
      { heard: { message: 'advertisement', from: 'fe80::7' } },
      { heard: undefined },
      undefined,
    ]);
  });

  it('that is not there, or not there any more, is named', () => {
    const { kernel } = aKernel();
    const noLink = err('eth0 has no link-local address: it is not there, is down, or has no IPv6');
    expect(openLinkSocket('eth0', kernel, () => ({}))).toEqual(noLink);
    let index = 3;
    const link = unwrap(openLinkSocket('eth0', kernel, () => eth0(index)));
    index = 4;
    expect(link.send('advertisement')).toEqual(noLink);
  });

  it('needs the kernel calls, and their consent', () => {
    expect(
      openLinkSocket(
        'eth0',
        () => err('koffi is not here'),
        () => eth0(),
      ),
    ).toEqual(err('koffi is not here'));
    const refusing = { icmpSocket: () => err('it needs the capability NET_RAW') } as unknown as IcmpSockets;
    expect(
      openLinkSocket(
        'eth0',
        () => ok(refusing),
        () => eth0(),
      ),
    ).toEqual(err('it needs the capability NET_RAW'));
  });
});

describe('whether links can be heard', () => {
  it('is tried, and leaves no socket', () => {
    const { asked, kernel } = aKernel();
    expect(canHearLinks(kernel)).toBe(true);
    expect(asked).toEqual([
      ['open', 'lo', 1],
      ['close', 5],
    ]);
    expect(canHearLinks(() => err('koffi is not here'))).toBe(false);
    const refusing = { icmpSocket: () => err('it needs the capability NET_RAW') } as unknown as IcmpSockets;
    expect(canHearLinks(() => ok(refusing))).toBe(false);
  });
});

describe('a raw socket of the kernel', () => {
  it('hears routers and nobody else, or says which capability is missing', () => {
    const kernel = unwrap(socketOptions());
    const opened = kernel.icmpSocket('lo', 1);
    if (!opened.ok) {
      expect(opened.error).toMatch(/it needs the capability NET_RAW/);
      return;
    }
    const loopback = Uint8Array.from([...Array(15).fill(0), 1]);
    const neighborSolicitation = Uint8Array.from([135, 0, ...Array(22).fill(0)]);
    for (const message of [neighborSolicitation, encodeRouterMessage('advertisement', undefined)]) {
      unwrap(kernel.sendIcmp(opened.value, message, loopback, 1));
    }
    expect(kernel.receiveIcmp(opened.value)).toMatchObject({ message: { length: 16, 0: 134 }, from: loopback });
    expect(kernel.receiveIcmp(opened.value)).toBeUndefined();
    kernel.close(opened.value);
    expect(kernel.sendIcmp(opened.value, neighborSolicitation, loopback, 1)).toMatchObject({ error: expect.stringMatching(/errno 9/) });
    expect(kernel.icmpSocket('no-such-device', 99)).toMatchObject({ error: expect.stringMatching(/the device no-such-device/) });
  });
});
