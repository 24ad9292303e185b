import { expect, it } from 'vitest';
import { hostPort, isLoopback, splitHostPort } from './loopback.ts';

it.each(['127.0.0.1', '127.255.0.9', '::1'])('%s never leaves the machine', (host) => expect(isLoopback(host)).toBe(true));

it.each(['0.0.0.0', '::', '192.0.2.1', '2001:db8::1', '::2', 'localhost', ''])('%s may leave the machine', (host) =>
  expect(isLoopback(host)).toBe(false),
);

it.each([
  ['192.0.2.1', 9441, '192.0.2.1:9441'],
  ['2001:db8::1', 9441, '[2001:db8::1]:9441'],
  ['operator.svc', 1, 'operator.svc:1'],
] as const)('%s and port %d are written and read as %s', (host, port, text) => {
  expect(hostPort(host, port)).toBe(text);
  expect(splitHostPort(text)).toEqual({ host, port });
});

it.each(['operator', 'operator:', ':9441', 'operator:0', 'operator:65536', '2001:db8::1:9441', 'operator:94x'])(
  '%s is no host and port',
  (text) => expect(splitHostPort(text)).toBeUndefined(),
);
