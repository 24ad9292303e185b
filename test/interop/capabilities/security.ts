import { allBack, allHave, type Lab, onEach, soon } from '../lab.ts';
import { basePrefixes, type Wish } from '../nodes.ts';
import type { Capability } from './capability.ts';

export const md5: Capability = {
  id: 'md5',
  title: 'TCP MD5 (RFC 2385): no session with the wrong key, one with the right key',
  secured: true,
  check: (lab) => refusedThenTaken(lab, (node) => ({ ...lab.securedPeer(node), passwordFile: 'wrong-key' }), /^TCPMD5/),
};

export const ttlSecurity: Capability = {
  id: 'ttl-security',
  title: 'TTL security (RFC 5082): no session without TTL 255, one with it',
  secured: true,
  check: (lab) => refusedThenTaken(lab, (node) => ({ passwordFile: lab.securedPeer(node).passwordFile }), /^TCPMinTTLDrop$/),
  // The router is told to ask for it, and has the sessions of speakers that send the default.
  showCannot: async (lab) => {
    await allHave(lab, basePrefixes);
  },
};

/** The wrong settings lead to no session, as kernels drop what arrives; the right ones to one. */
async function refusedThenTaken(lab: Lab, wrong: NonNullable<Wish['peer']>, counter: RegExp): Promise<undefined> {
  const before = await lab.dropped(counter);
  await lab.configure({ peer: wrong });
  await soon(
    'kernels drop packets',
    () => lab.dropped(counter),
    (count) => count >= before + 2 * lab.sessions.length,
  );
  // Only the router knows: some drop packets after they took our OPEN, and their KEEPALIVE makes the session Established for us.
  await onEach(lab.sessions, ({ neighbor, name }) =>
    soon(`${lab.driver.name} has no session: ${name}`, async () => !(await lab.router().established(neighbor))),
  );
  await lab.configure({ peer: lab.securedPeer });
  // A router may sit on a connection whose end it was not allowed to hear.
  await onEach(lab.sessions, ({ neighbor }) => lab.router().shutdown(neighbor, 'other settings'));
  await onEach(lab.sessions, ({ neighbor }) => lab.router().enable(neighbor));
  await allBack(lab);
}
