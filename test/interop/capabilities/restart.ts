import { expect } from 'vitest';
import type { GracefulRestartCapability, Message } from '#bgp/wire/messages.ts';
import { allBack, allHave, type Lab, onEach, soon } from '../lab.ts';
import { basePrefixes, type Session } from '../nodes.ts';
import { now, said } from '../wire.ts';
import type { Capability } from './capability.ts';

type Offer = { readonly restartTimeSeconds: number; readonly notification?: boolean };

export const restart: Capability = {
  id: 'restart',
  title: 'graceful restart (RFC 4724): our speaker is killed and started again, and its routes never leave the router',
  check: async (lab) => {
    const gracefulRestart: Offer = { restartTimeSeconds: 60 };
    await withGracefulRestart(lab, gracefulRestart);
    const before = now();
    const { sessions } = lab;
    await killAll(lab);
    const lost = await lossesWhile(lab, sessions, async () => {
      await Promise.all(lab.nodes.map((node) => node.start({ peer: () => ({ gracefulRestart }) })));
      await onEach(sessions, (session) =>
        soon(`we said End-of-RIB: ${session.name}`, () => said(lab, session, 'speaker', before).some(isEndOfRib)),
      );
    });
    for (const session of sessions) {
      const open = said(lab, session, 'speaker', before).find((message) => message.kind === 'open');
      const offer = open?.capabilities.find(({ kind }) => kind === 'gracefulRestart');
      expect(offer, session.name).toMatchObject({ restarting: true, families: [{ forwardingPreserved: true }] });
    }
    await allHave(lab, basePrefixes);
    expect(lost).toEqual([]);
    return undefined;
  },
  showCannot: async (lab) => expectNoOffer(lab),
};

export const death: Capability = {
  id: 'death',
  title: 'graceful restart: our speaker dies for good; its routes are gone when the restart time of 5 s is over, not before',
  check: async (lab) => {
    await withGracefulRestart(lab, { restartTimeSeconds: 5 });
    const begin = now();
    await killAll(lab);
    await goneAfter(lab, begin, 4_500);
    await Promise.all(lab.nodes.map((node) => node.start()));
    await allBack(lab);
    return undefined;
  },
  showCannot: async (lab) => expectNoOffer(lab),
};

export const freeze: Capability = {
  id: 'freeze',
  title: 'graceful restart without the N bit (RFC 8538): a frozen speaker’s routes are gone with the hold time of 3 s',
  check: (lab) => frozen(lab, { restartTimeSeconds: 120 }, 0),
  showCannot: async (lab) => {
    if (offers(lab).every((offer) => offer === undefined)) return;
    await frozen(lab, { restartTimeSeconds: 5 }, 6_000);
  },
};

export const freezeNotification: Capability = {
  id: 'freeze-n',
  title: 'graceful restart with the N bit: a frozen speaker’s routes stay for hold time and restart time, 3 s + 5 s',
  check: (lab) => frozen(lab, { restartTimeSeconds: 5, notification: true }, 6_000),
  showCannot: async (lab) => {
    for (const offer of offers(lab)) expect(offer?.notification ?? false).toBe(false);
  },
};

/** The router's last offer of graceful restart on each session, undefined where its OPEN has none. */
function offers(lab: Lab): (GracefulRestartCapability | undefined)[] {
  return lab.sessions.map((session) => {
    const open = said(lab, session, 'router').findLast((message) => message.kind === 'open');
    expect(open, session.name).toBeDefined();
    return open?.capabilities.find((capability) => capability.kind === 'gracefulRestart');
  });
}

const expectNoOffer = (lab: Lab): void => expect(offers(lab)).toEqual(lab.sessions.map(() => undefined));

async function frozen(lab: Lab, gracefulRestart: Offer, atLeastMs: number): Promise<undefined> {
  await withGracefulRestart(lab, gracefulRestart);
  const begin = now();
  await Promise.all(lab.nodes.map((node) => node.speaker().process.freeze()));
  try {
    await goneAfter(lab, begin, atLeastMs);
  } finally {
    for (const node of lab.nodes) node.speaker().process.thaw();
  }
  await allBack(lab);
}

/** Every session anew with graceful restart. */
async function withGracefulRestart(lab: Lab, gracefulRestart: Offer): Promise<void> {
  await lab.configure({ peer: () => ({ gracefulRestart, holdTimeSeconds: 3 }) });
  await allBack(lab);
}

/** Waits until the router has no route of ours, which it must have had for so long. */
async function goneAfter(lab: Lab, begin: number, atLeastMs: number): Promise<void> {
  await onEach(lab.sessions, async ({ neighbor, name }) => {
    await soon(
      `${lab.driver.name} has nothing: ${name}`,
      () => lab.router().routes(neighbor),
      (routes) => routes.length === 0,
    );
    expect(now() - begin, name).toBeGreaterThan(atLeastMs);
  });
}

const killAll = (lab: Lab): Promise<unknown> =>
  Promise.all(
    lab.nodes.map(async (node) => {
      const { process } = node.speaker();
      process.signal('SIGKILL');
      await process.waitForEnd();
    }),
  );

const isEndOfRib = (message: Message): boolean => message.kind === 'update' && message.endOfRib !== undefined;

/** Looks at the router again and again meanwhile: sessions whose routes were once not all there. */
async function lossesWhile(lab: Lab, sessions: readonly Session[], act: () => Promise<void>): Promise<string[]> {
  const lost = new Set<string>();
  let over = false;
  const watching = (async () => {
    while (!over) {
      await onEach(sessions, async ({ neighbor, name }) => {
        const has = await lab.router().routes(neighbor);
        if (has.length < 2) lost.add(name);
      });
    }
  })();
  try {
    await act();
  } finally {
    over = true;
    await watching;
  }
  return [...lost];
}
