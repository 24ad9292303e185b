import { expect, it } from 'vitest';
import type { AttributeFault } from '#bgp/wire/errors.ts';
import { limits } from './limits.ts';
import { MalformedUpdates } from './malformed-updates.ts';
import { keepingLogger } from './testing/log.ts';

it('a router that breaks every rule fills no log, and is counted all the same', () => {
  const { logger, lines } = keepingLogger();
  const malformed = new MalformedUpdates(logger);
  for (let code = 0; code < 256; code++) {
    const fault: AttributeFault = { verdict: 'discard', code, message: 'is wrong', clause: 'RFC 7606 §7', attribute: new Uint8Array() };
    malformed.read({ kind: 'update', reachable: [], unreachable: [], faults: [fault] });
  }
  expect([lines.length, malformed.count]).toEqual([limits.malformedKinds, 256]);
});
