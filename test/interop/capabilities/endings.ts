import { expect } from 'vitest';
import { allBack, allHave, type Lab, onEach, soon } from '../lab.ts';
import { basePrefixes, ofFamily, type Session } from '../nodes.ts';
import { now, said, withdrawn } from '../wire.ts';
import type { Capability } from './capability.ts';

const text = 'line card 3 is replaced';

export const peerReset: Capability = {
  id: 'peer-reset',
  title: 'the router ends the session with a text (RFC 9003): we log why; it comes back with all routes',
  check: async (lab) => {
    const before = now();
    const told = await onEach(lab.sessions, async (session) => {
      await lab.router().shutdown(session.neighbor, text);
      try {
        return await soon(`${lab.driver.name} sends a NOTIFICATION: ${session.name}`, () => notification(lab, session, before), defined);
      } finally {
        await lab.router().enable(session.neighbor);
      }
    });
    for (const { node, name } of lab.sessions) {
      const logged = told.some((each) => each?.includes(text)) ? text : 'Cease';
      await soon(`our log says ${logged}: ${name}`, () => node.speaker().process.output().includes(logged));
    }
    await allBack(lab);
    return [...new Set(told)].join(', ');
  },
};

export const leave: Capability = {
  id: 'leave',
  title: 'our speaker leaves: routes withdrawn first, then Cease/2 with a text',
  check: async (lab) => {
    const before = now();
    await Promise.all(lab.nodes.map((node) => node.speaker().process.stop(15_000)));
    for (const session of lab.sessions) {
      const parting = said(lab, session, 'speaker', before).filter(({ kind }) => kind === 'update' || kind === 'notification');
      expect(parting.at(-1), session.name).toMatchObject({ kind: 'notification', code: 6, subcode: 2 });
      expect(withdrawn(parting), session.name).toEqual(ofFamily(session.family, basePrefixes));
    }
    await allHave(lab, []);
    await Promise.all(lab.nodes.map((node) => node.start()));
    await allBack(lab);
  },
};

export const silentRouter: Capability = {
  id: 'silent-router',
  title: 'the router falls silent (frozen): our hold timer ends the session after 3 s; it comes back',
  check: async (lab) => {
    await withShortHoldTime(lab);
    const frozenAt = now();
    await lab.router().freeze();
    try {
      await onEach(lab.sessions, async (session) => {
        const down = await soon(
          `our session is down: ${session.name}`,
          () => ourSession(session),
          (ours) => ours?.state !== 'Established',
        );
        expect(down?.lastError, session.name).toMatch(/[Hh]old/);
        expect(now() - frozenAt).toBeGreaterThan(1_900);
      });
    } finally {
      lab.router().thaw();
    }
    await allBack(lab);
  },
};

export const silentSpeaker: Capability = {
  id: 'silent-speaker',
  title: 'our speaker falls silent (frozen): the router’s hold timer takes our routes out; they come back',
  check: async (lab) => {
    await withShortHoldTime(lab);
    const before = now();
    await Promise.all(lab.nodes.map((node) => node.speaker().process.freeze()));
    try {
      await allHave(lab, []);
      for (const session of lab.sessions) {
        const told = () => said(lab, session, 'router', before).some((message) => message.kind === 'notification' && message.code === 4);
        await soon(`${lab.driver.name} says that its hold timer expired: ${session.name}`, told);
      }
    } finally {
      for (const node of lab.nodes) node.speaker().process.thaw();
    }
    await allBack(lab);
  },
};

/** A hold time of 3 s on every session: changes every session, which comes back with it. */
async function withShortHoldTime(lab: Lab): Promise<void> {
  const before = now();
  await lab.configure({ peer: () => ({ holdTimeSeconds: 3 }) });
  const again = (session: Session) =>
    said(lab, session, 'speaker', before).some((message) => message.kind === 'open' && message.holdTimeS === 3);
  await allBack(lab);
  expect(lab.sessions.filter((session) => !again(session)).map(({ name }) => name)).toEqual([]);
}

/** The NOTIFICATION that the router sent, as the document shows it. */
function notification(lab: Lab, session: Session, sinceMs: number): string | undefined {
  const found = said(lab, session, 'router', sinceMs).find((message) => message.kind === 'notification');
  if (found === undefined) return undefined;
  const hasText = Buffer.from(found.data).includes(text);
  return `${found.code}/${found.subcode} ${hasText ? `with “${text}”` : 'without a text'}`;
}

const defined = <T>(value: T | undefined): boolean => value !== undefined;

const ourSession = async ({ node, peer }: Session) => (await node.speaker().sessions())[peer];
